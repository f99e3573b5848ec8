import { COMMUNITY_PREFIX } from './community.ts';
import type { Decision, Injection, Target } from './decision.ts';
import { writtenPrefixes } from './dialects.ts';
import type { EngineConfig } from './engine-config.ts';
import { MERGE_METRICS } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import { hasPortName, isMetricsPortName, own, servingPlace, tcpPort } from './pod.ts';
import { exporterNames, pointApplication, pointAway } from './pointing.ts';
import { declarePorts } from './ports.ts';
import type { Problem } from './problem.ts';
import type { Request } from './request.ts';
import { Recorder } from './recorder.ts';
import { annotate } from './scrape-annotations.ts';
import { addSidecar, isOfEarlier, isOurs } from './sidecar.ts';
import { isOurVolume } from './sidecar-shape.ts';
import type { ResolvedTarget } from './targets.ts';
import { defaultContainer } from './targets.ts';
import { parsePortNumber } from './values.ts';
import { warn } from './warnings.ts';
import type { Work } from './work.ts';

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

/** The changes themselves, in order: sidecars, environment, ports, annotations. */
export function build(pod: Pod, work: Work, problems: Problem[], config: EngineConfig): Injection {
  const { profiles, plan, targets } = work;
  const record = new Recorder(pod, config);
  let after = pod;
  for (const planned of plan) after = placeSidecar(after, planned, work, config, record);
  const pointing = { work, config, record, problems };
  for (const planned of plan) after = pointApplication(after, planned, pointing);
  for (const external of work.external) after = pointAway(after, external, pointing);

  const primary = primaryTarget(after, work, config);
  const uncarried = targets.filter((target) => target !== primary && !namedPortFinds(after, target, primary));
  // A monitor names each port, so that with operator mode none is left to go without a name.
  const operated = work.request.operatorMode;
  const declared = declarePorts(after, targets, new Set(operated ? [] : uncarried));
  record.note('ports', declared.added, declared.present);
  record.note('named', declared.named, declared.present);
  warn(pod, work, uncarried, config, problems);
  const annotatedTarget = primary === undefined ? undefined : declared.targets[targets.indexOf(primary)];
  const annotated = annotate(
    declared.pod,
    {
      targets: declared.targets,
      primary: annotatedTarget,
      prefixes: prefixesOf(work, config),
      merging: work.merging,
      scrapeTargets: scrapeTargets(pod, declared.targets, config),
    },
    problems,
  );
  record.note('annotations', annotated.added, annotated.present);

  const decision: Decision = {
    outcome: 'injected',
    reason: work.reason,
    profiles,
    targets: declared.targets,
    problems,
    added: record.added(),
    changed: record.changed(annotated.pod, annotated.changed),
    violations: [],
  };
  return { decision, pod: annotated.pod };
}

/**
 * None where there is nothing to scrape. With a monitor it would be scraped twice; under Istio the monitor goes to the
 * merged port that they describe.
 */
function prefixesOf({ request, targets, merging }: Work, config: EngineConfig): readonly string[] {
  if (targets.length === 0) return [];
  const all = writtenPrefixes(config);
  if (!request.operatorMode) return all;
  return merging ? all.filter((prefix) => prefix === COMMUNITY_PREFIX) : [];
}

/** For Istio's agent: every target that it can scrape, in their order; nothing where one says it all. */
function scrapeTargets(pod: Pod, targets: readonly Target[], config: EngineConfig): string | undefined {
  if (!config.istioScrapeTargets || targets.length < 2) return undefined;
  if (own(pod.metadata?.annotations, MERGE_METRICS) === 'false') return undefined;
  const mergeable = targets.filter(isMergeable).map(({ port, path }) => `${port}:${path}`);
  return mergeable.length === 0 ? undefined : mergeable.join(',');
}

/** The agent scrapes over http, and a comma in a path would end the target. */
function isMergeable({ scheme, path, params }: Pick<Target, 'scheme' | 'path' | 'params'>): boolean {
  return scheme === 'http' && params.length === 0 && !path.includes(',');
}

function placeSidecar(
  pod: Pod,
  planned: PlannedExporter,
  work: Work,
  config: EngineConfig,
  record: Recorder,
): Pod {
  const prefix = config.annotationPrefix;
  if (planned.existing !== undefined) {
    // The owner's exporter is the owner's, whatever a record says.
    if (!isOurs(planned)) return pod;
    if (isOfEarlier(planned)) record.keep(pod);
    const mounts = (planned.existing.container.volumeMounts ?? [])
      .map((mount) => mount.name)
      .filter(isOurVolume);
    const keys = Object.keys(pod.metadata?.annotations ?? {}).filter((key) =>
      key.startsWith(`${prefix}/mapping`),
    );
    record.note('containers', [], [planned.existing.container.name]);
    record.note('volumes', [], mounts);
    record.note('annotations', [], [...keys, DEFAULT_CONTAINER]);
    return pod;
  }
  const application = mainContainer(pod, work);
  const added = addSidecar(pod, planned, isNative(pod, work.request, config), config);
  record.note('containers', [added.container]);
  record.note('volumes', added.volumes);
  record.note('annotations', added.annotations);
  if (own(pod.metadata?.annotations, DEFAULT_CONTAINER) !== undefined || application === undefined)
    return added.pod;
  record.note('annotations', [DEFAULT_CONTAINER]);
  const annotations = { ...added.pod.metadata?.annotations, [DEFAULT_CONTAINER]: application };
  return { ...added.pod, metadata: { ...added.pod.metadata, annotations } };
}

/** For kubectl: the regular container with the application's first target, else the one that the engine defaults to. */
function mainContainer(pod: Pod, work: Work): string | undefined {
  const exporters = exporterNames(work);
  const regular = pod.spec.containers.map(({ name }) => name).filter((name) => !exporters.has(name));
  const served = work.targets.find(({ container }) => regular.includes(container))?.container;
  // A listed target that names nothing is looked for in the default container first, in the next pass too.
  const isOpen = work.request.list?.some(({ container, port }) => (container ?? port) === undefined) ?? false;
  return (isOpen ? undefined : served) ?? defaultContainer(pod, exporters)?.name;
}

/** Native where the Pod is to end: a regular exporter would keep a Job running for ever. */
function isNative(pod: Pod, request: Request, config: EngineConfig): boolean {
  if (request.nativeSidecar !== 'auto') return request.nativeSidecar === 'true';
  return config.initContainersScraped || (pod.spec.restartPolicy ?? 'Always') !== 'Always';
}

/** The name that the target's port has, or whether it will get one of ours. */
function willBeNamed(pod: Pod, target: ResolvedTarget): boolean {
  const place = servingPlace(pod, target.container);
  const name = place === undefined ? undefined : tcpPort(place.container, target.port)?.name;
  return !name || isMetricsPortName(name);
}

/** Whether the rule for named ports finds the target as it is meant: over http, at /metrics, without parameters. */
function namedPortFinds(pod: Pod, target: ResolvedTarget, primary: ResolvedTarget | undefined): boolean {
  const plain = target.scheme === 'http' && target.path === '/metrics' && target.params.length === 0;
  return plain && target.port !== primary?.port && willBeNamed(pod, target);
}

/**
 * The target that the pod-level annotations describe: the one whose port they name already, be it by the owner's hand
 * or by an earlier pass; else the first that a named port cannot carry, else the first.
 */
function primaryTarget(pod: Pod, { targets, said }: Work, config: EngineConfig): ResolvedTarget | undefined {
  if (targets.length > 1 && config.portAnnotation === 'none') return undefined;
  const named = said.value('port')?.text.trim();
  return (
    targets.find((target) => target.describedByOwner) ??
    targets.find((target) => named !== undefined && isPortOf(pod, target, named)) ??
    targets.find((target) => !namedPortFinds(pod, target, undefined)) ??
    targets[0]
  );
}

function isPortOf(pod: Pod, { container, port }: ResolvedTarget, text: string): boolean {
  if (parsePortNumber(text) !== undefined) return parsePortNumber(text) === port;
  const place = servingPlace(pod, container);
  return place !== undefined && hasPortName(place.container, port, text);
}
