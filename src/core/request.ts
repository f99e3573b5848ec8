import type { AnnotationName, ValueOf } from './annotations.ts';
import { ANNOTATIONS, ANNOTATION_NAMES, isAttribute, isWrittenByPodscrape } from './annotations.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod, StringMap } from './kubernetes.ts';
import { own } from './pod.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from './problem.ts';
import type { Profile } from './profile.ts';
import type { TargetRequest } from './target-list.ts';
import { readTargetList, TARGET_ATTRIBUTES } from './target-list.ts';
import { clip, oneOf, quoted, withoutControlCharacters } from './text.ts';
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
  for (const name of ANNOTATION_NAMES) {
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
  for (const key of keys) {
    if (!key.startsWith(`${prefix}/`)) continue;
    const name = key.slice(prefix.length + 1);
    if (Object.hasOwn(ANNOTATIONS, name) || isWrittenByPodscrape(name)) continue;
    const near = didYouMean(name, ANNOTATION_NAMES).hint?.replace('mean ', `mean ${prefix}/`);
    problems.push({
      code: 'unknown-key',
      path: clip(withoutControlCharacters(key), 80),
      message: 'unknown key, ignored',
      ...(near === undefined ? {} : { hint: near }),
    });
  }
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
export function readRequest(keys: OwnKeys, config: EngineConfig, problems: Problem[]): Request | undefined {
  const { values, present } = keys;
  const asks = [...present].some(isAttribute);
  const names = profileNames(keys, config, asks);
  if (names === undefined) return undefined;
  const profiles = resolveProfiles(names, config, problems);
  const prefix = config.annotationPrefix;
  const list =
    values.targets === undefined ? undefined : readTargetList(values.targets, `${prefix}/targets`, problems);
  return {
    profiles,
    attributes: targetAttributes(keys, prefix),
    describesApplication: DESCRIBE_APPLICATION.some((name) => keys.present.has(name)),
    ...(list === undefined ? {} : { list }),
    nativeSidecar: values['native-sidecar'] ?? 'auto',
    appEnv: values['app-env'] ?? 'auto',
  };
}

function profileNames(keys: OwnKeys, config: EngineConfig, asks: boolean): readonly string[] | undefined {
  if (keys.values.profile !== undefined) return keys.values.profile;
  if (keys.bad.has('profile')) return [];
  if (config.defaultProfile !== undefined) return [config.defaultProfile];
  return asks ? ['http'] : undefined;
}

function resolveProfiles(
  names: readonly string[],
  config: EngineConfig,
  problems: Problem[],
): readonly Profile[] {
  const path = `${config.annotationPrefix}/profile`;
  const known = [...config.profiles.keys()];
  const profiles: Profile[] = [];
  for (const name of names) {
    const profile = config.profiles.get(name);
    if (profile !== undefined) {
      profiles.push(profile);
      continue;
    }
    const near = didYouMean(name, known).hint ?? `known are ${oneOf(known)}`;
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
