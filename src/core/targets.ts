import type { Target } from './decision.ts';
import type { Container, Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import {
  applicationContainers,
  isHelper,
  isMetricsPortName,
  isTcp,
  own,
  places,
  servingPlace,
  tcpPort,
} from './pod.ts';
import type { Problem } from './problem.ts';
import { didYouMean } from './problem.ts';
import { scrapeTimes } from './scrape-times.ts';
import { parsePortNumber } from './values.ts';
import type { Community } from './community.ts';
import { ISTIO_PORTS } from './istio.ts';
import type { Profile, TargetDefaults } from './profile.ts';
import type { TargetRequest } from './target-list.ts';
import { oneOf, quoted } from './text.ts';

/** A target whose container and port number are decided; its port's name comes with the declaration. */
export interface ResolvedTarget extends Omit<Target, 'portName'> {
  /** Where a problem of its port is said to be. */
  readonly portPlace: string;
  /** Something of it comes from the owner's `prometheus.io/*` annotations. */
  readonly describedByOwner: boolean;
}

const FALLBACK: TargetDefaults = { scheme: 'http', path: '/metrics', port: 8080 };

/**
 * Decides container and port of each application target. Explicit ports go first, so that a default never takes a
 * port that another target asked for, in this pass or in the next. Every problem is added to `problems`.
 *
 * @param said the community's annotations
 * @param exporters the containers that the request's exporter profiles stand for
 */
export function resolveTargets(
  pod: Pod,
  requests: readonly TargetRequest[],
  said: Community,
  profile: Pick<Profile, 'name' | 'target' | 'interval' | 'timeout'> | undefined,
  exporters: ReadonlySet<string>,
  problems: Problem[],
): readonly ResolvedTarget[] {
  const claimed = new Set<number>();
  const resolved = new Map<TargetRequest, ResolvedTarget>();
  const byPort = [
    ...requests.filter((r) => r.port !== undefined),
    ...requests.filter((r) => r.port === undefined),
  ];
  const described = describedByAnnotations(byPort, said, profile?.target ?? FALLBACK);
  for (const request of byPort) {
    const place = request.container === undefined ? undefined : findContainer(pod, request, problems);
    if (place === null) continue;
    const found = findPort(
      pod,
      request,
      place,
      {
        defaults: profile?.target ?? FALLBACK,
        claimed,
        exporters,
        said: request === described ? said : undefined,
      },
      problems,
    );
    const times = scrapeTimes(request, problems, profile);
    if (found === undefined || times === undefined || isIstios(found, request, problems)) continue;
    claimed.add(found.port);
    checkOwner(pod, found, request, problems);
    const defaults = profile?.target ?? FALLBACK;
    resolved.set(request, {
      ...found,
      ...times,
      scheme: request.scheme ?? defaults.scheme,
      path: request.path ?? defaults.path,
      params: request.params ?? [],
      source: profile?.name ?? 'http',
      portPlace: request.place('port'),
      describedByOwner: request.describedByOwner === true,
    });
  }
  return requests.flatMap((request) => resolved.get(request) ?? []);
}

/** The named container, or null when there is none (reported). */
function findContainer(pod: Pod, request: TargetRequest, problems: Problem[]): Place | null {
  const place = servingPlace(pod, request.container);
  if (place !== undefined) return place;
  const names = places(pod).flatMap(({ container, serves }) => (serves ? [container.name] : []));
  const name = request.container ?? '';
  problems.push({
    code: 'unknown-container',
    path: request.place('container'),
    message: `the Pod has no container ${quoted(name)}`,
    hint: didYouMean(name, names).hint ?? `it has ${oneOf(names)}`,
  });
  return null;
}

interface Found {
  readonly container: string;
  readonly port: number;
}

/** Istio's proxy holds these ports itself, and its injector fails on them as scrape targets. */
function isIstios({ port }: Found, request: TargetRequest, problems: Problem[]): boolean {
  if (!ISTIO_PORTS.includes(port)) return false;
  const message = `${port} is reserved by Istio, whose proxy holds it`;
  problems.push({
    code: 'bad-value',
    path: request.place('port'),
    message,
    hint: 'use the application’s own port',
  });
  return true;
}

/**
 * The listed target without a port that the pod-level annotations describe: by its path, else the first. After an
 * earlier pass they are podscrape's own, and the path tells which of several targets was the primary one.
 */
function describedByAnnotations(
  requests: readonly TargetRequest[],
  said: Community,
  defaults: TargetDefaults,
): TargetRequest | undefined {
  const open = requests.filter(({ port }) => port === undefined);
  const path = said.value('path')?.text;
  return open.find((request) => (request.path ?? defaults.path) === path) ?? open[0];
}

interface PortContext {
  /** The community's annotations, if they are this target's. */
  readonly said: Community | undefined;
  readonly defaults: TargetDefaults;
  readonly claimed: ReadonlySet<number>;
  readonly exporters: ReadonlySet<string>;
}

function findPort(
  pod: Pod,
  request: TargetRequest,
  place: Place | undefined,
  context: PortContext,
  problems: Problem[],
): Found | undefined {
  if (request.bad.has('port') || request.bad.has('container')) return undefined;
  if (typeof request.port === 'string') return findNamedPort(pod, request, request.port, place, problems);
  if (request.port !== undefined) return at(pod, request.port, place, context.exporters);
  const preferred = annotatedPort(pod, place, context) ?? metricsPort(pod, place, context);
  if (preferred !== undefined) return preferred;
  const found = at(pod, context.defaults.port, place, context.exporters);
  if (!places(pod).some(({ container }) => tcpPort(container, found.port) !== undefined)) {
    problems.push(undeclaredDefault(pod, request, place, found.port));
  }
  return found;
}

function undeclaredDefault(
  pod: Pod,
  request: TargetRequest,
  place: Place | undefined,
  port: number,
): Problem {
  const containers = place === undefined ? applicationContainers(pod) : [place.container];
  const declared = containers.flatMap((container) =>
    (container.ports ?? []).filter(isTcp).map((tcp) => `${container.name} declares ${tcp.containerPort}`),
  );
  const others = declared.length === 0 ? '' : ` (${oneOf(declared)})`;
  const message = `not set: using ${port}, which no container declares${others}`;
  return { code: 'port-undeclared', path: request.place('port'), message };
}

/** The number on the named container, else on the one that declares it, else on the application's. */
function at(pod: Pod, port: number, place: Place | undefined, exporters: ReadonlySet<string>): Found {
  if (place !== undefined) return { container: place.container.name, port };
  const declaring = places(pod).find(
    ({ container, serves }) => serves && tcpPort(container, port) !== undefined,
  );
  return { container: (declaring?.container ?? defaultContainer(pod, exporters))?.name ?? '', port };
}

/** kubectl's default container, else the first that is no known mesh proxy or exporter. */
export function defaultContainer(pod: Pod, exporters?: ReadonlySet<string>): Container | undefined {
  const name = own(pod.metadata?.annotations, 'kubectl.kubernetes.io/default-container');
  return (
    pod.spec.containers.find((container) => container.name === name) ??
    applicationContainers(pod, exporters)[0]
  );
}

function findNamedPort(
  pod: Pod,
  request: TargetRequest,
  name: string,
  place: Place | undefined,
  problems: Problem[],
): Found | undefined {
  const candidates = place === undefined ? places(pod).filter((other) => other.serves) : [place];
  const ports = candidates.flatMap(({ container }) =>
    (container.ports ?? []).map((port) => ({ port, container: container.name })),
  );
  const match = ports.find(({ port }) => port.name === name && isTcp(port));
  if (match !== undefined) return { container: match.container, port: match.port.containerPort };
  const names = ports.flatMap(({ port }) => (port.name && isTcp(port) ? [port.name] : []));
  const otherProtocol = ports.find(({ port }) => port.name === name)?.port.protocol ?? undefined;
  const who = place === undefined ? 'no container declares' : `${place.container.name} does not declare`;
  const message =
    otherProtocol === undefined
      ? `${who} a port named ${quoted(name)}`
      : `the port named ${quoted(name)} is ${otherProtocol}; Prometheus scrapes over TCP`;
  const known = names.length === 0 ? 'use its number' : `declared: ${oneOf(names)}`;
  const hint = didYouMean(name, names).hint ?? known;
  problems.push({ code: 'unknown-port', path: request.place('port'), message, hint });
  return undefined;
}

/**
 * The declared port that `prometheus.io/port` names, for a listed target that names none: the next pass finds our own
 * annotation there, whatever metrics ports another webhook has brought meanwhile.
 */
function annotatedPort(
  pod: Pod,
  place: Place | undefined,
  { claimed, exporters, said }: PortContext,
): Found | undefined {
  const port = parsePortNumber(said?.value('port')?.text ?? '');
  if (port === undefined || claimed.has(port)) return undefined;
  const candidates = place === undefined ? candidatePlaces(pod, exporters) : [place];
  const found = candidates.find(({ container }) => tcpPort(container, port) !== undefined);
  return found === undefined ? undefined : { container: found.container.name, port };
}

/** Where the application's ports may be: the default container first, native sidecars last. */
function candidatePlaces(pod: Pod, exporters: ReadonlySet<string>): readonly Place[] {
  const application = new Set(applicationContainers(pod, exporters));
  const first = defaultContainer(pod, exporters);
  const serving = places(pod).filter(
    ({ list, container, serves }) =>
      serves &&
      !exporters.has(container.name) &&
      (list === 'containers' ? application.has(container) : !isHelper(container)),
  );
  return [
    ...serving.filter(({ container }) => container === first),
    ...serving.filter(({ container }) => container !== first),
  ];
}

/**
 * A declared TCP port named `metrics`, else `*-metrics`, of the default container, else of another one of the
 * application's; never an exporter's or a claimed one.
 */
function metricsPort(
  pod: Pod,
  place: Place | undefined,
  { claimed, exporters }: PortContext,
): Found | undefined {
  for (const { container } of place === undefined ? candidatePlaces(pod, exporters) : [place]) {
    const ports = (container.ports ?? []).filter(
      (port) => isTcp(port) && isMetricsPortName(port.name) && !claimed.has(port.containerPort),
    );
    const best = ports.find((port) => port.name === 'metrics') ?? ports[0];
    if (best !== undefined) return { container: container.name, port: best.containerPort };
  }
  return undefined;
}

/** The containers beside `container` that declare the TCP port `port`. */
export function otherDeclarers(pod: Pod, container: string, port: number): readonly string[] {
  return places(pod)
    .filter((place) => place.container.name !== container && tcpPort(place.container, port) !== undefined)
    .map((place) => place.container.name);
}

/** A number declared by two containers makes two targets of one URL, and only one of them can listen on it. */
function checkOwner(pod: Pod, found: Found, request: TargetRequest, problems: Problem[]): void {
  const others = otherDeclarers(pod, found.container, found.port);
  if (others.length === 0) return;
  const path = request.place('port');
  const who = `${oneOf(others).replace(' or ', ' and ')} ${others.length === 1 ? 'declares' : 'declare'} it too`;
  const conflict: Pick<Problem, 'message' | 'hint'> =
    request.port === undefined
      ? {
          message: `not set: ${found.port} on ${found.container}, but ${who}`,
          hint: `say which port ${found.container} serves`,
        }
      : {
          message: `${found.port} is asked for on ${found.container}, but ${who}`,
          hint: conflictHint(pod, others),
        };
  problems.push({ code: 'port-conflict', path, ...conflict });
}

function conflictHint(pod: Pod, others: readonly string[]): string {
  const idle = places(pod).find(({ container, serves }) => !serves && others.includes(container.name));
  return idle === undefined
    ? 'two containers cannot serve one port'
    : `take it off the init container ${idle.container.name}`;
}
