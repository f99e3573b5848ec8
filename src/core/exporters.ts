import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import { imageName, isMetricsPortName, isTcp, isWindows, places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Exporter, Profile } from './profile.ts';
import type { Request } from './request.ts';
import { parsePortNumber } from './values.ts';

/** One exporter that the request's profiles use, looked up in the Pod. */
export interface PlannedExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly mapping?: string;
  /** The container that already is this exporter, the owner's or ours from an earlier pass. */
  readonly existing?: Place;
  /** Where it serves metrics; a new one may still move (`choosePorts`). */
  readonly port: number;
  readonly ingest: number | undefined;
}

/** One plan for each exporter, however many profiles share it. */
export function planExporters(
  pod: Pod,
  request: Request,
  config: EngineConfig,
  problems: Problem[],
): readonly PlannedExporter[] {
  const byExporter = new Map<string, Profile[]>();
  for (const profile of request.profiles) {
    if (profile.exporter === undefined) continue;
    const sharing = byExporter.get(profile.exporter.exporter);
    if (sharing === undefined) byExporter.set(profile.exporter.exporter, [profile]);
    else sharing.push(profile);
  }
  const plans: PlannedExporter[] = [];
  for (const [name, profiles] of byExporter) {
    const exporter = config.exporters.get(name);
    if (exporter === undefined)
      throw new Error(`profile ${profiles[0]?.name ?? ''} uses the unknown exporter ${name}`);
    plans.push(plan(pod, exporter, profiles, config, problems));
  }
  return plans;
}

function plan(
  pod: Pod,
  exporter: Exporter,
  profiles: readonly Profile[],
  config: EngineConfig,
  problems: Problem[],
): PlannedExporter {
  const mappings = [...new Set(profiles.flatMap((profile) => profile.exporter?.mapping ?? []))];
  if (mappings.length > 1) {
    problems.push({
      code: 'profile-conflict',
      path: `${config.annotationPrefix}/profile`,
      message: `${profiles.map((profile) => profile.name).join(' and ')} bring different mappings to one exporter`,
      hint: 'keep one',
    });
  }
  const [mapping] = mappings;
  const existing = findExporter(pod, exporter);
  return {
    exporter,
    profiles,
    ...(mapping === undefined ? {} : { mapping }),
    ...(existing === undefined ? {} : { existing }),
    port: existing === undefined ? exporter.port : metricsPortOf(existing, exporter),
    ingest: existing === undefined ? exporter.ingestPort : flagPort(existing, exporter, '{ingest}'),
  };
}

/** The container of the exporter's name, else of its image, wherever the image comes from. */
function findExporter(pod: Pod, exporter: Exporter): Place | undefined {
  const all = places(pod).filter((place) => place.serves);
  const names = [...exporter.imageNames, imageName(exporter.image)];
  return (
    all.find(({ container }) => container.name === exporter.name) ??
    all.find(({ container }) => names.includes(imageName(container.image)))
  );
}

/** Where an exporter that is already there serves metrics: by port name, by its flag, by its usual number. */
function metricsPortOf(place: Place, exporter: Exporter): number {
  const ports = (place.container.ports ?? []).filter(isTcp);
  const named = ports.find((port) => isMetricsPortName(port.name));
  if (named !== undefined) return named.containerPort;
  const flag = flagPort(place, exporter, '{port}');
  if (flag !== undefined) return flag;
  if (tcpPort(place.container, exporter.port) !== undefined) return exporter.port;
  const others = ports.filter((port) => port.containerPort !== exporter.ingestPort);
  return others.length === 1 && others[0] !== undefined ? others[0].containerPort : exporter.port;
}

/** The port in the argument that sets it (`--web.listen-address=:9200`, or as two arguments), if the Pod has one. */
function flagPort(place: Place, exporter: Exporter, variable: '{port}' | '{ingest}'): number | undefined {
  const flag = exporter.args.find((arg) => arg.includes(variable))?.split('=', 1)[0];
  const args = [...(place.container.command ?? []), ...(place.container.args ?? [])];
  const index = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag ?? ''}=`));
  if (flag === undefined || index < 0) return undefined;
  const value = args[index] === flag ? args[index + 1] : args[index];
  return parsePortNumber(/:([0-9]+)$/.exec(value ?? '')?.[1] ?? '');
}

/** Why no sidecar may be added to the Pod, or undefined when one may. */
export function sidecarObstacle(pod: Pod, exporter: Exporter, config: EngineConfig): string | undefined {
  if (pod.spec.hostNetwork === true && !config.allowHostNetwork) return 'the Pod uses the host’s network';
  if (isWindows(pod)) return 'the Pod runs on Windows';
  if (places(pod).some(({ container }) => container.name === exporter.name))
    return 'an init container has that name';
  return undefined;
}

/** Moves a new exporter off the ports that the Pod or another target has. */
export function choosePorts(pod: Pod, planned: PlannedExporter, taken: ReadonlySet<number>): PlannedExporter {
  if (planned.existing !== undefined) return planned;
  const declared = places(pod).flatMap(({ container }) => container.ports ?? []);
  // Metrics are served over TCP, so that a UDP port of that number is no obstacle; packets come in over both.
  const port = nextFree(
    planned.port,
    new Set([...taken, ...declared.filter(isTcp).map((tcp) => tcp.containerPort)]),
  );
  const used = new Set([...taken, port, ...declared.map(({ containerPort }) => containerPort)]);
  return {
    ...planned,
    port,
    ingest: planned.ingest === undefined ? undefined : nextFree(planned.ingest, used),
  };
}

function nextFree(from: number, used: ReadonlySet<number>): number {
  for (let step = 0; step < 65535; step++) {
    const port = ((from - 1 + step) % 65535) + 1;
    if (port >= 1024 && !used.has(port)) return port;
  }
  throw new Error('no port is free in the Pod');
}
