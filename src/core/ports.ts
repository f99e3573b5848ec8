import type { Target } from './decision.ts';
import { sha256 } from './hash.ts';
import type { Container, ContainerPort, Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import { places, servingPlace, tcpPort } from './pod.ts';
import type { ResolvedTarget } from './targets.ts';

/** Declaring ports: container-name-aware names, nothing renumbered, nothing renamed. */

/** The Pod with one container replaced; every other branch is shared. */
function withContainer(pod: Pod, place: Place, container: Container): Pod {
  const list = [...(pod.spec[place.list] ?? [])];
  list[place.index] = container;
  return { ...pod, spec: { ...pod.spec, [place.list]: list } };
}

/** Lower case, every other character a dash, dashes collapsed and trimmed. */
function slug(name: string): string {
  return trimDashes(name.toLowerCase().replace(/[^a-z0-9]+/g, '-'));
}

function trimDashes(text: string): string {
  return text.replace(/^-+|-+$/g, '');
}

/**
 * A port name for the metrics of a container: at most 15 characters, unique among `taken`.
 * `gateway` → `gateway-metrics`, `faas-netes` → `faas-ne-metrics`; on a collision three characters and a hash.
 */
export function metricsPortName(container: string, port: number, taken: ReadonlySet<string>): string {
  const base = slug(container);
  const plain = named(trimDashes(base.slice(0, 7)));
  if (!taken.has(plain)) return plain;
  for (let attempt = 0; ; attempt++) {
    const seed = attempt === 0 ? `${container}/${port}` : `${container}/${port}/${attempt}`;
    const name = named(`${trimDashes(base.slice(0, 3))}${sha256(seed, 4)}`);
    if (!taken.has(name)) return name;
  }
}

function named(stem: string): string {
  return stem === '' ? 'metrics' : `${stem}-metrics`;
}

/** Every port name in the Pod; a user's name counts as taken, whatever container has it. */
export function takenPortNames(pod: Pod): Set<string> {
  return new Set(
    places(pod).flatMap(({ container }) =>
      (container.ports ?? []).flatMap((port) => (port.name ? [port.name] : [])),
    ),
  );
}

export interface Declared {
  readonly pod: Pod;
  readonly targets: readonly Target[];
  /** `container/port`, those that were declared just now. */
  readonly added: readonly string[];
  /** `container/port`, those that were given a name just now. */
  readonly named: readonly string[];
  /** `container/port` of every target, declared now or before. */
  readonly present: readonly string[];
}

/**
 * Declares each target's port, TCP, on its container. A declared port of the same number is reused: its name is
 * kept, or given if it has none. `nameless` are the targets that neither the port annotation nor a named port can
 * carry; a metrics name would make Prometheus scrape the wrong path there.
 */
export function declarePorts(
  pod: Pod,
  targets: readonly ResolvedTarget[],
  nameless: ReadonlySet<ResolvedTarget>,
): Declared {
  const taken = takenPortNames(pod);
  const keyOf = (target: ResolvedTarget): string => `${target.container}/${target.port}`;
  // Two targets can share a port; one of them is enough to name it.
  const toName = new Set(targets.filter((target) => !nameless.has(target)).map(keyOf));
  const added: string[] = [];
  const names: string[] = [];
  const present: string[] = [];
  let current = pod;
  const declared = targets.map((target): Target => {
    const rest = withoutPlace(target);
    const place = servingPlace(current, target.container);
    if (place === undefined) return rest;
    const key = keyOf(target);
    present.push(key);
    const existing = tcpPort(place.container, target.port);
    if (existing?.name) return { ...rest, portName: existing.name };
    const name = toName.has(key) ? metricsPortName(target.container, target.port, taken) : undefined;
    if (name !== undefined) taken.add(name);
    if (existing !== undefined && name === undefined) return rest;
    current = withContainer(current, place, withPort(place.container, existing, target.port, name));
    (existing === undefined ? added : names).push(key);
    return name === undefined ? rest : { ...rest, portName: name };
  });
  return { pod: current, targets: declared, added, named: names, present };
}

function withoutPlace(target: ResolvedTarget): Target {
  const { container, port, scheme, path, params, interval, timeout, source } = target;
  return { container, port, scheme, path, params, interval, timeout, source };
}

function withPort(
  container: Container,
  existing: ContainerPort | undefined,
  number: number,
  name: string | undefined,
): Container {
  const ports = container.ports ?? [];
  const naming = name === undefined ? {} : { name };
  if (existing !== undefined) {
    return { ...container, ports: ports.map((port) => (port === existing ? { ...port, ...naming } : port)) };
  }
  return { ...container, ports: [...ports, { ...naming, containerPort: number, protocol: 'TCP' }] };
}
