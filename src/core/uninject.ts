import type { Added, Changed } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Container, ContainerPort, EnvVar, Pod, PodSpec } from './kubernetes.ts';
import { leftBehind, leftBehindProblems } from './left-behind.ts';
import { isMetricsPortName, isTcp, places } from './pod.ts';
import type { Problem } from './problem.ts';
import type { StillThere } from './status.ts';
import { possible, recorded, statusKey, withRemains } from './status.ts';

/**
 * Takes out of a Pod what a record (`P/status`) says that podscrape put into it, and the record itself. Anybody can
 * have written a record, so nothing is taken out that podscrape cannot have written. Lists and maps that become empty
 * go too. Branches that do not change are shared with `pod`, which itself is returned when nothing changes.
 *
 * @param added what to take out
 * @param changed what the owner's annotations said before
 */
export function uninject(pod: Pod, added: Partial<Added>, changed: Changed, config: EngineConfig): Pod {
  const ours = possible(pod, { added, changed }, config);
  const bare = withoutOurVolumes(
    withoutEntries(withoutOurContainers(pod, ours.added), ours.added, config),
    ours,
  );
  return withoutOurAnnotations(bare, ours, config);
}

/** What becomes of a Pod by its own record. */
export interface TakenOut {
  /** With a record of what stays, where something does. */
  readonly pod: Pod;
  /** Variables that stay because nothing tells them from the owner's. */
  readonly problems: readonly Problem[];
}

/** Takes out what the Pod's own record says, and tells what stays. */
export function takeOut(pod: Pod, config: EngineConfig): TakenOut {
  const { added, changed } = recorded(pod, config);
  const bare = uninject(pod, added, changed, config);
  const left = leftBehind(bare, added, config);
  const problems = leftBehindProblems(left);
  return { pod: withRemains(bare, pod, left, config), problems };
}

/** The last regular container stays, whatever the record says: no Pod is without one. */
function withoutOurContainers(pod: Pod, { containers }: Added): Pod {
  const isTheirs = ({ name }: Container): boolean => !containers.includes(name);
  const regular = pod.spec.containers.some(isTheirs)
    ? pod.spec.containers.filter(isTheirs)
    : pod.spec.containers;
  const init = (pod.spec.initContainers ?? []).filter(isTheirs);
  const spec = withList(pod.spec, 'containers', regular);
  return withSpec(pod, withList(spec, 'initContainers', init));
}

/** Ports, port names and variables in the containers that stay. */
function withoutEntries(pod: Pod, added: Added, config: EngineConfig): Pod {
  const bare = (container: Container): Container => withoutOurEntries(container, added, config);
  const spec = withList(pod.spec, 'containers', mapped(pod.spec.containers, bare));
  const init = pod.spec.initContainers ?? [];
  return withSpec(pod, withList(spec, 'initContainers', mapped(init, bare)));
}

function withoutOurEntries(container: Container, added: Added, config: EngineConfig): Container {
  const of = (entries: readonly string[]): readonly string[] =>
    entries
      .filter((entry) => entry.startsWith(`${container.name}/`))
      .map((entry) => entry.slice(container.name.length + 1));
  let ports = container.ports ?? [];
  for (const number of of(added.ports)) ports = withoutPort(ports, Number(number));
  for (const number of of(added.named)) ports = withoutPortName(ports, Number(number));
  let env = container.env ?? [];
  for (const name of of(added.env)) env = without(env, lastIndex(env, name));
  for (const name of of(added.extended)) env = shortened(env, name, config);
  return withList(withList(container, 'ports', ports), 'env', env);
}

/** A port that podscrape declares has a metrics name, or none. */
function withoutPort(ports: readonly ContainerPort[], number: number): readonly ContainerPort[] {
  const index = ports.findLastIndex(
    (port) => isTcp(port) && port.containerPort === number && (!port.name || isMetricsPortName(port.name)),
  );
  return without(ports, index);
}

function withoutPortName(ports: readonly ContainerPort[], number: number): readonly ContainerPort[] {
  const index = ports.findIndex(
    (port) => isTcp(port) && port.containerPort === number && isMetricsPortName(port.name),
  );
  return ports.map((port, at) => (at === index ? omit(port, 'name') : port));
}

/** The last one of a name counts; one that is read from elsewhere is not ours. */
function lastIndex(env: readonly EnvVar[], name: string): number {
  const index = env.findLastIndex((entry) => entry.name === name);
  return (env[index]?.valueFrom ?? undefined) === undefined ? index : -1;
}

/** The variable without what profiles append to it, as far as that is found. */
function shortened(env: readonly EnvVar[], name: string, config: EngineConfig): readonly EnvVar[] {
  const index = lastIndex(env, name);
  const entry = env[index];
  const value = entry?.value;
  if (entry === undefined || value === undefined) return env;
  let rest = value;
  for (const append of new Set(appended(name, config))) {
    const match = [...rest.matchAll(wholeWords(append))].at(-1);
    if (match === undefined) continue;
    rest = rest.slice(0, match.index) + rest.slice(match.index + match[0].length);
  }
  if (rest === value) return env;
  return env.with(index, rest === '' ? omit(entry, 'value') : { ...entry, value: rest });
}

function appended(name: string, config: EngineConfig): readonly string[] {
  return [...config.profiles.values()].flatMap(({ exporter }) =>
    (exporter?.appEnv ?? []).flatMap((variable) =>
      variable.name === name && 'append' in variable ? [variable.append] : [],
    ),
  );
}

/** The text with any port and any URL filled in, as whole words, with the space before it where there is one. */
function wholeWords(append: string): RegExp {
  const pattern = append
    .split(/(\{(?:url|port|ingest)\})/)
    .map((part) => FILLED[part] ?? part.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
    .join('');
  return new RegExp(`(?:^| )${pattern}(?= |$)`, 'g');
}

const FILLED: Readonly<Record<string, string>> = {
  '{url}': String.raw`https?://[^ ]+`,
  '{port}': String.raw`\d{1,5}`,
  '{ingest}': String.raw`\d{1,5}`,
};

/** A volume stays while a container that stays mounts it. */
function withoutOurVolumes(pod: Pod, { added }: StillThere): Pod {
  const mounted = new Set(
    places(pod).flatMap(({ container }) => (container.volumeMounts ?? []).map(({ name }) => name)),
  );
  const volumes = (pod.spec.volumes ?? []).filter(
    ({ name }) => !added.volumes.includes(name) || mounted.has(name),
  );
  return withSpec(pod, withList(pod.spec, 'volumes', volumes));
}

function withoutOurAnnotations(pod: Pod, { added, changed }: StillThere, config: EngineConfig): Pod {
  const before = pod.metadata?.annotations ?? {};
  const isKept = (volume: string): boolean => (pod.spec.volumes ?? []).some(({ name }) => name === volume);
  const keepsMapping = added.volumes.some(isKept);
  const out = new Set([
    statusKey(config),
    ...added.annotations.filter(
      (key) => !keepsMapping || !key.startsWith(`${config.annotationPrefix}/mapping`),
    ),
  ]);
  const kept = Object.entries(before).filter(([key]) => !out.has(key));
  const restored = Object.entries(changed).filter(([key, text]) => before[key] !== text);
  if (kept.length === Object.keys(before).length && restored.length === 0) return pod;
  const annotations = Object.fromEntries([...kept, ...restored]);
  const isEmpty = Object.keys(annotations).length === 0;
  const metadata = isEmpty ? omit(pod.metadata ?? {}, 'annotations') : { ...pod.metadata, annotations };
  return Object.keys(metadata).length === 0 ? omit(pod, 'metadata') : { ...pod, metadata };
}

function withSpec(pod: Pod, spec: PodSpec): Pod {
  return spec === pod.spec ? pod : { ...pod, spec };
}

/** The object with another list; without it where nothing is left of it. Lists only ever grow shorter or change. */
function withList<K extends string, E, T extends { readonly [key in K]?: readonly E[] | null }>(
  object: T,
  key: K,
  list: readonly E[],
): T {
  const before: readonly E[] = object[key] ?? [];
  if (list.length === before.length && list.every((entry, index) => entry === before[index])) return object;
  if (list.length > 0) return { ...object, [key]: list };
  return omit(object, key);
}

/** The very same list when no entry changes. */
function mapped<T>(list: readonly T[], of: (entry: T) => T): readonly T[] {
  const after = list.map(of);
  return after.every((entry, index) => entry === list[index]) ? list : after;
}

function without<T>(list: readonly T[], index: number): readonly T[] {
  return index < 0 ? list : list.toSpliced(index, 1);
}

function omit<T extends object>(object: T, key: keyof T): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key)) as T;
}
