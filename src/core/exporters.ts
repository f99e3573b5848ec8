import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Exporters, ExternalExporter, PlannedExporter } from './planned-exporter.ts';
import type { Place } from './pod.ts';
import { isWindows, places } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Exporter, Profile } from './profile.ts';
import type { Connected } from './exporter-connection.ts';
import { connect, externalUrl, readsConnection, shareOut, UNCONNECTED, WAYS } from './exporter-connection.ts';
import { findExporter, metricsPathOf, metricsPortOf, setPort } from './exporter-place.ts';
import {
  exporterResources,
  guaranteedResources,
  hasPodResources,
  isGuaranteed,
  RESOURCES,
} from './exporter-resources.ts';
import type { Request } from './request.ts';
import { isOurs } from './sidecar.ts';
import { isRecorded } from './status.ts';

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
  // The owner's exporters are connected, and the keys are for others. Ours has its share of an earlier pass, which must
  // not fall to another one now.
  const hasShare = (use: Use): boolean =>
    use.existing === undefined || isOurs(plan(pod, use, UNCONNECTED, request, config, []));
  const connecting = uses
    .filter((use) => WAYS.some((way) => readsConnection(use.exporter, way)) && hasShare(use))
    .map(({ exporter }) => exporter);
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
    inPod.push(plan(pod, use, connected, request, config, problems));
  }
  const names = uses.map(({ exporter }) => exporter);
  reportUnused(request, names, prefix, problems);
  reportUnread(inPod, request, prefix, problems);
  const isAdding = uses.some(({ existing }) => existing === undefined);
  if (isAdding && hasPodResources(pod)) reportPodResources(request, prefix, problems);
  return { inPod, external };
}

/** An exporter with the profiles of the request that use it, and its container where it has one already. */
interface Use {
  readonly exporter: Exporter;
  readonly profiles: readonly Profile[];
  readonly existing: Place | undefined;
}

function plan(
  pod: Pod,
  { exporter, profiles, existing }: Use,
  connected: Connected,
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
  const fallback = mappings[0] ?? (takesMapping ? HISTOGRAMS : undefined);
  const mapping = own ?? fallback;
  const chosen = exporterResources(exporter.resources, asked.resources, config, problems);
  const keepsClass = existing === undefined && isGuaranteed(pod) && !hasPodResources(pod);
  const planned: PlannedExporter = {
    exporter,
    profiles,
    ...(mapping === undefined ? {} : { mapping }),
    ...(mappingConfigMap === undefined ? {} : { mappingConfigMap }),
    connected,
    resources: keepsClass
      ? guaranteedResources(exporter.resources, chosen, asked.resources, config, problems)
      : chosen,
    ...(existing === undefined ? {} : { existing, isRecorded: isRecorded(pod, existing.container, config) }),
    port: existing === undefined ? exporter.port : metricsPortOf(existing, exporter),
    path: exporter.path,
    ingest: existing === undefined ? exporter.ingestPort : setPort(existing, exporter, '{ingest}'),
  };
  // Ours serves where its definition says.
  if (existing === undefined || isOurs(planned)) return planned;
  return { ...planned, path: metricsPathOf(existing, exporter) };
}

function takesStatsdMapping({ mapping }: Exporter): boolean {
  return mapping?.format === 'statsd';
}

/**
 * What a statsd_exporter gets where nobody brings a mapping: every name as it comes, and timers as histograms, which take
 * a third of the memory of its own default, summaries. Nothing expires: a gauge may be sent on change only.
 */
const HISTOGRAMS = 'defaults:\n  observer_type: histogram\nmappings: []\n';

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

/** Keys that only exporters of the owner's would read; ours has read them, in this pass or an earlier one. */
function reportUnread(
  exporters: readonly PlannedExporter[],
  { exporter: asked, nativeSidecar }: Request,
  prefix: string,
  problems: Problem[],
): void {
  const isOwners = (planned: PlannedExporter): boolean => planned.existing !== undefined && !isOurs(planned);
  const owners = exporters.filter(isOwners).map(({ exporter }) => exporter);
  const ours = exporters.filter((planned) => !isOwners(planned)).map(({ exporter }) => exporter);
  const any = (): boolean => true;
  const rows: readonly (readonly [key: string, given: boolean, reads: (exporter: Exporter) => boolean])[] = [
    ['statsd-mapping', asked.mapping !== undefined, takesStatsdMapping],
    ['statsd-mapping-configmap', asked.mappingConfigMap !== undefined, takesStatsdMapping],
    ...WAYS.map(
      (way) =>
        [`exporter-${way}`, asked[way] !== undefined, (one: Exporter) => readsConnection(one, way)] as const,
    ),
    ...RESOURCES.map(({ key, field }) => [key, asked.resources[field] !== undefined, any] as const),
    ['native-sidecar', nativeSidecar !== 'auto', any],
  ];
  for (const [key, given, reads] of rows) {
    const owner = owners.find(reads);
    if (!given || owner === undefined || ours.some(reads)) continue;
    const message = `ignored, because the Pod has a ${owner.name} of its own`;
    problems.push({ code: 'ignored-key', path: `${prefix}/${key}`, message, hint: 'remove it' });
  }
}

/** Beside resources of the whole Pod an exporter gets none. */
function reportPodResources({ exporter: asked }: Request, prefix: string, problems: Problem[]): void {
  for (const { key, field } of RESOURCES) {
    if (asked.resources[field] === undefined) continue;
    const message = 'ignored, because the Pod has resources as a whole';
    problems.push({ code: 'ignored-key', path: `${prefix}/${key}`, message, hint: 'remove it' });
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
