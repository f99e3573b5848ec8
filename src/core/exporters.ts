import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import { imageName, isMetricsPortName, isTcp, isWindows, places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Exporter, ExporterResources, Profile } from './profile.ts';
import { exporterResources, RESOURCES } from './exporter-resources.ts';
import type { Request } from './request.ts';
import type { KeyReference } from './values.ts';
import { parsePortNumber } from './values.ts';

/** One exporter that the request's profiles use, looked up in the Pod. */
export interface PlannedExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly mapping?: string;
  /** A ConfigMap whose file takes the mapping's place, if it is there. */
  readonly mappingConfigMap?: KeyReference;
  /** What the container gets; absent ones are not set. */
  readonly resources: Readonly<Partial<ExporterResources>>;
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
  const exporters = [...byExporter.keys()].flatMap((name) => config.exporters.get(name) ?? []);
  reportUnused(request, exporters, config.annotationPrefix, problems);
  const plans: PlannedExporter[] = [];
  for (const [name, profiles] of byExporter) {
    const exporter = config.exporters.get(name);
    if (exporter === undefined)
      throw new Error(`profile ${profiles[0]?.name ?? ''} uses the unknown exporter ${name}`);
    plans.push(plan(pod, exporter, profiles, request, config, problems));
  }
  return plans;
}

function plan(
  pod: Pod,
  exporter: Exporter,
  profiles: readonly Profile[],
  { exporter: asked }: Request,
  config: EngineConfig,
  problems: Problem[],
): PlannedExporter {
  const mappings = [...new Set(profiles.flatMap((profile) => profile.exporter?.mapping ?? []))];
  if (mappings.length > 1 && asked.mapping === undefined) {
    problems.push({
      code: 'profile-conflict',
      path: `${config.annotationPrefix}/profile`,
      message: `${profiles.map((profile) => profile.name).join(' and ')} bring different mappings to one exporter`,
      hint: 'keep one',
    });
  }
  const takesMapping = exporter.mapping !== undefined;
  const { mappingConfigMap } = takesMapping ? asked : {};
  // A ConfigMap may be missing, and without any file the exporter would not start.
  const fallback = mappings[0] ?? (mappingConfigMap === undefined ? undefined : NO_MAPPINGS);
  const mapping = (takesMapping ? asked.mapping : undefined) ?? fallback;
  const existing = findExporter(pod, exporter);
  return {
    exporter,
    profiles,
    ...(mapping === undefined ? {} : { mapping }),
    ...(mappingConfigMap === undefined ? {} : { mappingConfigMap }),
    resources: exporterResources(exporter.resources, asked.resources, config, problems),
    ...(existing === undefined ? {} : { existing }),
    port: existing === undefined ? exporter.port : metricsPortOf(existing, exporter),
    ingest: existing === undefined ? exporter.ingestPort : flagPort(existing, exporter, '{ingest}'),
  };
}

const NO_MAPPINGS = 'mappings: []\n';

/** Keys about an exporter that no exporter of the request reads. */
function reportUnused(
  { exporter: asked }: Request,
  exporters: readonly Exporter[],
  prefix: string,
  problems: Problem[],
): void {
  const mapped = exporters.some(({ mapping }) => mapping !== undefined);
  const rows: readonly (readonly [key: string, given: boolean, read: boolean])[] = [
    ['statsd-mapping', asked.mapping !== undefined, mapped],
    ['statsd-mapping-configmap', asked.mappingConfigMap !== undefined, mapped],
    ['exporter-address', asked.address !== undefined, false],
    ['exporter-secret', asked.secret !== undefined, false],
    ...RESOURCES.map(
      ({ key, field }) => [key, asked.resources[field] !== undefined, exporters.length > 0] as const,
    ),
  ];
  for (const [key, given, read] of rows) {
    if (!given || read) continue;
    const message = 'ignored, because no exporter of the request reads it';
    problems.push({ code: 'ignored-key', path: `${prefix}/${key}`, message, hint: 'remove it' });
  }
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
