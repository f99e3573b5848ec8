import type { AnnotationName, ValueOf } from './annotations.ts';
import { ANNOTATIONS, isAttribute, isWrittenByPodscrape, REQUEST_NAMES } from './annotations.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod, StringMap } from './kubernetes.ts';
import { RESOURCES } from './exporter-resources.ts';
import { own } from './pod.ts';
import type { Policy } from './policy.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from './problem.ts';
import type { ExporterResources, Profile } from './profile.ts';
import type { Surroundings } from './surroundings.ts';
import type { TargetRequest } from './target-list.ts';
import { readTargetList, TARGET_ATTRIBUTES } from './target-list.ts';
import { clip, oneOf, quoted, withoutControlCharacters } from './text.ts';
import type { KeyReference } from './values.ts';
import { badValue } from './values.ts';

/** What is asked for one Pod: its own keys, read and checked, over the layers below them. */
export interface Request {
  readonly profiles: readonly Profile[];
  /** The attributes set by our own keys, as one target. */
  readonly attributes: TargetRequest;
  /** Whether one of them describes the application; interval and timeout hold for exporters too. */
  readonly describesApplication: boolean;
  /** From `P/targets`. */
  readonly list?: readonly TargetRequest[];
  readonly nativeSidecar: 'auto' | 'true' | 'false';
  readonly appEnv: 'auto' | 'off';
  readonly operatorMode: boolean;
  readonly exporter: ExporterRequest;
}

/** What is asked of the exporter; resources in Kubernetes' quantities or `none`. */
export interface ExporterRequest {
  readonly mapping?: string;
  readonly mappingConfigMap?: KeyReference;
  readonly address?: string;
  readonly secret?: KeyReference;
  /** One of the two is set and wrong, which has been said. */
  readonly isConnectionBad: boolean;
  readonly resources: Readonly<Partial<ExporterResources>>;
}

/** The layers below the Pod's own keys and the community's: what others say for the whole namespace. */
export interface Layers {
  readonly policy: Policy | undefined;
  readonly surroundings: Surroundings;
}

type Values = { readonly [N in AnnotationName]?: ValueOf<N> };

/** The Pod's own keys under the prefix, annotation over label, parsed; bad ones are named in `bad`. */
export interface OwnKeys {
  readonly values: Values;
  readonly bad: ReadonlySet<AnnotationName>;
  /** Keys that are set and known, bad ones included. */
  readonly present: ReadonlySet<AnnotationName>;
  readonly problems: readonly Problem[];
}

/** Reads every key of ours on the Pod; all problems at once. */
export function readOwnKeys(pod: Pod, prefix: string): OwnKeys {
  const problems: Problem[] = [];
  const bad = new Set<AnnotationName>();
  const present = new Set<AnnotationName>();
  const values: Record<string, unknown> = {};
  const { annotations, labels } = pod.metadata ?? {};
  reportUnknown(annotations, labels, prefix, problems);
  for (const name of REQUEST_NAMES) {
    const key = `${prefix}/${name}`;
    const text = own(annotations, key) ?? own(labels, key);
    if (text === undefined) continue;
    present.add(name);
    const parsed = ANNOTATIONS[name].parse(text);
    if (parsed.ok) {
      values[name] = parsed.value;
    } else {
      bad.add(name);
      problems.push(badValue(key, parsed));
    }
  }
  return { values, bad, present, problems };
}

function reportUnknown(
  annotations: StringMap | null | undefined,
  labels: StringMap | null | undefined,
  prefix: string,
  problems: Problem[],
): void {
  const keys = new Set([...Object.keys(annotations ?? {}), ...Object.keys(labels ?? {})]);
  let unknown = 0;
  for (const key of keys) {
    if (!key.startsWith(`${prefix}/`)) continue;
    const name = key.slice(prefix.length + 1);
    if (REQUEST_NAMES.some((known) => known === name) || isWrittenByPodscrape(name)) continue;
    if (Object.hasOwn(ANNOTATIONS, name)) {
      const message = 'is read on namespaces only, ignored here';
      problems.push({ code: 'namespace-only', path: key, message });
      continue;
    }
    const near = nearMiss(name, REQUEST_NAMES, (unknown += 1))?.replace('mean ', `mean ${prefix}/`);
    problems.push({
      code: 'unknown-key',
      path: clip(withoutControlCharacters(key), 80),
      message: 'unknown key, ignored',
      ...(near === undefined ? {} : { hint: near }),
    });
  }
}

/** Looking for the word that was meant takes time, and nobody misspells a hundred. */
const MOST_HINTS = 100;

function nearMiss(name: string, known: readonly string[], count: number): string | undefined {
  return count > MOST_HINTS ? undefined : didYouMean(name, known).hint;
}

/** Whether the Pod carries any key under the prefix that is not podscrape's own record. */
export function carriesKey(pod: Pod, prefix: string): boolean {
  const { annotations, labels } = pod.metadata ?? {};
  return [annotations, labels].some((map) =>
    Object.keys(map ?? {}).some(
      (key) => key.startsWith(`${prefix}/`) && !isWrittenByPodscrape(key.slice(prefix.length + 1)),
    ),
  );
}

/** The request, or undefined when nothing is asked. Problems are added to `problems`. */
export function readRequest(
  keys: OwnKeys,
  layers: Layers,
  config: EngineConfig,
  problems: Problem[],
): Request | undefined {
  const { values, present } = keys;
  const asks = [...present].some(isAttribute);
  const named = profileNames(keys, layers, config, asks, problems);
  if (named === undefined) return undefined;
  const prefix = config.annotationPrefix;
  const operatorMode = values['operator-mode'] ?? layers.policy?.operatorMode ?? false;
  checkMonitorType(values, operatorMode, prefix, problems);
  return requestOf(keys, resolveProfiles(named, config, problems), operatorMode, prefix, problems);
}

/** The request of a Pod that is adopted: what its community annotations say, as of an application that serves metrics. */
export function adoptedRequest(keys: OwnKeys, config: EngineConfig): Request {
  const http = config.profiles.get('http');
  return requestOf(keys, http === undefined ? [] : [http], false, config.annotationPrefix, []);
}

function requestOf(
  keys: OwnKeys,
  profiles: readonly Profile[],
  operatorMode: boolean,
  prefix: string,
  problems: Problem[],
): Request {
  const { values } = keys;
  // A list that is wrong as a whole asks for no default in its place.
  const list = keys.bad.has('targets') ? [] : listOf(values.targets, `${prefix}/targets`, problems);
  return {
    profiles,
    attributes: targetAttributes(keys, prefix),
    describesApplication: DESCRIBE_APPLICATION.some((name) => keys.present.has(name)),
    ...(list === undefined ? {} : { list }),
    nativeSidecar: values['native-sidecar'] ?? 'auto',
    appEnv: values['app-env'] ?? 'auto',
    operatorMode,
    exporter: exporterRequest(keys),
  };
}

function listOf(
  text: string | undefined,
  path: string,
  problems: Problem[],
): readonly TargetRequest[] | undefined {
  return text === undefined ? undefined : readTargetList(text, path, problems);
}

function exporterRequest({ values, bad }: OwnKeys): ExporterRequest {
  const entries = [
    ['mapping', values['statsd-mapping']],
    ['mappingConfigMap', values['statsd-mapping-configmap']],
    ['address', values['exporter-address']],
    ['secret', values['exporter-secret']],
  ].filter(([, value]) => value !== undefined);
  const resources = RESOURCES.map(({ key, field }) => [field, values[key]] as const);
  return {
    ...(Object.fromEntries(entries) as Partial<ExporterRequest>),
    isConnectionBad: bad.has('exporter-address') || bad.has('exporter-secret'),
    resources: Object.fromEntries(resources.filter(([, value]) => value !== undefined)),
  };
}

/** Monitors of Services and Ingresses are written by operator mode only; a Pod's annotations cannot say them. */
function checkMonitorType(
  { 'monitor-type': type }: Values,
  operatorMode: boolean,
  prefix: string,
  problems: Problem[],
): void {
  if (operatorMode || type === undefined || type === 'pod') return;
  const message = `${quoted(type)} needs operator mode (annotations describe Pods)`;
  const hint = 'set operator-mode: "true"';
  problems.push({ code: 'monitor-needs-operator', path: `${prefix}/monitor-type`, message, hint });
}

/** Profile names and the place that names them. */
interface Named {
  readonly names: readonly string[];
  readonly path: string;
}

/** The first layer that names profiles; `http` when something is asked and no layer does. */
function profileNames(
  keys: OwnKeys,
  { policy, surroundings }: Layers,
  config: EngineConfig,
  asks: boolean,
  problems: Problem[],
): Named | undefined {
  const path = `${config.annotationPrefix}/profile`;
  if (keys.values.profile !== undefined) return { names: keys.values.profile, path };
  if (keys.bad.has('profile')) return { names: [], path };
  if (policy?.defaultProfile !== undefined) return { names: [policy.defaultProfile], path };
  const namespace = namespaceProfiles(surroundings, config.annotationPrefix, problems);
  if (namespace !== undefined) return namespace;
  if (config.defaultProfile !== undefined) return { names: [config.defaultProfile], path };
  return asks ? { names: ['http'], path } : undefined;
}

function namespaceProfiles(
  { labels, annotations }: Surroundings,
  prefix: string,
  problems: Problem[],
): Named | undefined {
  const key = `${prefix}/default-profile`;
  const text = own(annotations, key) ?? own(labels, key);
  if (text === undefined) return undefined;
  const path = `${key} of the namespace`;
  const parsed = ANNOTATIONS['default-profile'].parse(text);
  if (parsed.ok) return { names: parsed.value, path };
  problems.push(badValue(path, parsed));
  return { names: [], path };
}

function resolveProfiles(
  { names, path }: Named,
  config: EngineConfig,
  problems: Problem[],
): readonly Profile[] {
  const known = [...config.profiles.keys()];
  const profiles: Profile[] = [];
  const list = `known are ${oneOf(known)}`;
  let unknown = 0;
  for (const name of names) {
    const profile = config.profiles.get(name);
    if (profile !== undefined) {
      profiles.push(profile);
      continue;
    }
    const near = nearMiss(name, known, (unknown += 1)) ?? list;
    problems.push({ code: 'unknown-profile', path, message: `${quoted(name)} is not a profile`, hint: near });
  }
  const applications = profiles.filter((profile) => profile.target !== undefined);
  if (applications.length > 1) {
    problems.push({
      code: 'profile-conflict',
      path,
      message: `${applications.map((profile) => profile.name).join(' and ')} both describe the application`,
      hint: 'keep one',
    });
  }
  return profiles;
}

/** With an exporter profile these add a target for the application; they never describe the exporter. */
const DESCRIBE_APPLICATION = ['scheme', 'path', 'port', 'params', 'container'] as const;

function targetAttributes(keys: OwnKeys, prefix: string): TargetRequest {
  const values = TARGET_ATTRIBUTES.map((name) => [name, keys.values[name]]).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...(Object.fromEntries(values) as Partial<TargetRequest>),
    place: (attribute) => `${prefix}/${attribute}`,
    bad: new Set(TARGET_ATTRIBUTES.filter((name) => keys.bad.has(name))),
  };
}
