import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import { isTcp, isWindows, places } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Exporter, ExporterResources, Profile } from './profile.ts';
import type { Connected } from './exporter-connection.ts';
import { connect, externalUrl, readsConnection, shareOut } from './exporter-connection.ts';
import { findExporter, metricsPortOf, setPort } from './exporter-place.ts';
import { exporterResources, guaranteedResources, RESOURCES } from './exporter-resources.ts';
import type { Request } from './request.ts';
import { isGuaranteed, isOurs } from './sidecar.ts';
import type { KeyReference } from './values.ts';

/** One exporter that the request's profiles use, looked up in the Pod. */
export interface PlannedExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly mapping?: string;
  /** A ConfigMap whose file takes the mapping's place, if it is there. */
  readonly mappingConfigMap?: KeyReference;
  /** How a new one is told what it connects to. */
  readonly connected: Connected;
  /** What the container gets; absent ones are not set. */
  readonly resources: Readonly<Partial<ExporterResources>>;
  /** The container that already is this exporter, the owner's or ours from an earlier pass. */
  readonly existing?: Place;
  /** Where it serves metrics; a new one may still move (`choosePorts`). */
  readonly port: number;
  readonly ingest: number | undefined;
}

/** An exporter that the cluster has: nothing of it is in the Pod, and the application is pointed at it. */
export interface ExternalExporter {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  /** Without a slash at its end. */
  readonly url: string;
}

export interface Exporters {
  /** Those that are in the Pod, or are to be. */
  readonly inPod: readonly PlannedExporter[];
  readonly external: readonly ExternalExporter[];
}

/** One plan for each exporter, however many profiles share it. */
export function planExporters(
  pod: Pod,
  request: Request,
  config: EngineConfig,
  problems: Problem[],
): Exporters {
  const byExporter = new Map<string, Profile[]>();
  for (const profile of request.profiles) {
    if (profile.exporter === undefined) continue;
    const sharing = byExporter.get(profile.exporter.exporter);
    if (sharing === undefined) byExporter.set(profile.exporter.exporter, [profile]);
    else sharing.push(profile);
  }
  const uses = [...byExporter].map(([name, profiles]): Use => {
    const exporter = config.exporters.get(name);
    if (exporter === undefined)
      throw new Error(`profile ${profiles[0]?.name ?? ''} uses the unknown exporter ${name}`);
    return { exporter, profiles, existing: findExporter(pod, exporter, byExporter) };
  });
  const prefix = config.annotationPrefix;
  const asked = request.exporter;
  // An exporter that is there already is connected, and the keys are for one that is not.
  const absent = uses.filter(({ existing }) => existing === undefined).map(({ exporter }) => exporter);
  const connecting = absent.filter((exporter) => CONNECTION.some((way) => readsConnection(exporter, way)));
  // Of a key that is wrong nothing more is said; it may be all that is missing.
  const shares = asked.isConnectionBad ? undefined : shareOut(connecting, asked, prefix, problems);
  const inPod: PlannedExporter[] = [];
  const external: ExternalExporter[] = [];
  for (const use of uses) {
    const { exporter, profiles, existing } = use;
    const share = shares?.get(exporter) ?? {};
    if (existing === undefined && exporter.external === true && share.address !== undefined) {
      const url = externalUrl(exporter, share.address, prefix, problems);
      if (url !== undefined) external.push({ exporter, profiles, url });
      continue;
    }
    const connects = existing === undefined && shares !== undefined;
    const connected = connects ? connect(exporter, share, prefix, problems) : UNCONNECTED;
    inPod.push(plan(pod, { ...use, connected }, request, config, problems));
  }
  const names = uses.map(({ exporter }) => exporter);
  reportUnused(request, names, prefix, problems);
  for (const planned of inPod) reportUnread(planned, absent, asked, prefix, problems);
  return { inPod, external };
}

const CONNECTION = ['address', 'secret'] as const;
const UNCONNECTED: Connected = { env: [], args: [] };

/** An exporter with the profiles of the request that use it, and its container where it has one already. */
interface Use {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly existing: Place | undefined;
}

function plan(
  pod: Pod,
  { exporter, profiles, existing, connected }: Use & { readonly connected: Connected },
  { exporter: asked }: Request,
  config: EngineConfig,
  problems: Problem[],
): PlannedExporter {
  const mappings = [...new Set(profiles.flatMap((profile) => profile.exporter?.mapping ?? []))];
  // `P/statsd-mapping` is checked as statsd_exporter would check it, and is for no other format.
  const takesMapping = takesStatsdMapping(exporter);
  const own = takesMapping ? asked.mapping : undefined;
  if (mappings.length > 1 && own === undefined) {
    problems.push({
      code: 'profile-conflict',
      path: `${config.annotationPrefix}/profile`,
      message: `${profiles.map((profile) => profile.name).join(' and ')} bring different mappings to one exporter`,
      hint: 'keep one',
    });
  }
  const { mappingConfigMap } = takesMapping ? asked : {};
  // A ConfigMap may be missing, and without any file the exporter would not start.
  const fallback = mappings[0] ?? (mappingConfigMap === undefined ? undefined : NO_MAPPINGS);
  const mapping = own ?? fallback;
  const chosen = exporterResources(exporter.resources, asked.resources, config, problems);
  const keepsClass = existing === undefined && isGuaranteed(pod);
  return {
    exporter,
    profiles,
    ...(mapping === undefined ? {} : { mapping }),
    ...(mappingConfigMap === undefined ? {} : { mappingConfigMap }),
    connected,
    resources: keepsClass ? guaranteedResources(exporter.resources, chosen, config, problems) : chosen,
    ...(existing === undefined ? {} : { existing }),
    port: existing === undefined ? exporter.port : metricsPortOf(existing, exporter),
    ingest: existing === undefined ? exporter.ingestPort : setPort(existing, exporter, '{ingest}'),
  };
}

function takesStatsdMapping({ mapping }: Exporter): boolean {
  return mapping?.format === 'statsd';
}

const NO_MAPPINGS = 'mappings: []\n';

/** Keys about an exporter that no exporter of the request reads. */
function reportUnused(
  { exporter: asked }: Request,
  exporters: readonly Exporter[],
  prefix: string,
  problems: Problem[],
): void {
  const mapped = exporters.some(takesStatsdMapping);
  const reads = (way: 'address' | 'secret'): boolean =>
    exporters.some((exporter) => readsConnection(exporter, way));
  const rows: readonly (readonly [key: string, given: boolean, read: boolean])[] = [
    ['statsd-mapping', asked.mapping !== undefined, mapped],
    ['statsd-mapping-configmap', asked.mappingConfigMap !== undefined, mapped],
    ['exporter-address', asked.address !== undefined, reads('address')],
    ['exporter-secret', asked.secret !== undefined, reads('secret')],
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

/** Keys about a connection that only an exporter of the owner's would read; ours has read them in an earlier pass. */
function reportUnread(
  planned: PlannedExporter,
  absent: readonly Exporter[],
  asked: Request['exporter'],
  prefix: string,
  problems: Problem[],
): void {
  const { exporter, existing } = planned;
  if (existing === undefined || isOurs(planned)) return;
  for (const way of CONNECTION) {
    if (asked[way] === undefined || !readsConnection(exporter, way)) continue;
    if (absent.some((other) => readsConnection(other, way))) continue;
    const message = `ignored, because the Pod has a ${exporter.name} of its own`;
    problems.push({ code: 'ignored-key', path: `${prefix}/exporter-${way}`, message, hint: 'remove it' });
  }
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
