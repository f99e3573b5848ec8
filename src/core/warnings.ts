import type { Work } from './work.ts';
import { COMMUNITY_PREFIX, GRAFANA_PREFIX, parseScrape } from './community.ts';
import { writtenPrefixes } from './dialects.ts';
import type { EngineConfig } from './engine-config.ts';
import { MERGE_METRICS } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import type { ResolvedTarget } from './targets.ts';
import { clip } from './text.ts';

/** What a person should know of an injection that nothing is wrong with. */
export function warn(
  pod: Pod,
  work: Work,
  uncarried: readonly ResolvedTarget[],
  config: EngineConfig,
  problems: Problem[],
): void {
  if (work.request.operatorMode) warnOfDoubleScrape(work, problems);
  else warnOfSeveral(work, uncarried, config, problems);
  if (work.merging) warnOfIstio(work, config, problems);
  const prefix = config.annotationPrefix;
  warnOfNotices(work, prefix, problems);
  const adds = work.plan.some((planned) => planned.existing === undefined);
  const ends = (pod.spec.restartPolicy ?? 'Always') !== 'Always';
  if (adds && work.request.nativeSidecar === 'false' && ends) {
    const message = '"false" keeps the exporter running in a Pod that is to end';
    problems.push({ code: 'never-ends', path: `${prefix}/native-sidecar`, message, hint: 'leave it out' });
  }
}

/** What the profiles in use have to say, but for those whose exporter cannot be there. */
function warnOfNotices({ request, plan, external }: Work, prefix: string, problems: Problem[]): void {
  const used = new Set([...plan, ...external].flatMap(({ profiles }) => profiles));
  for (const profile of request.profiles) {
    const { name, notice } = profile;
    if (notice === undefined || (profile.exporter !== undefined && !used.has(profile))) continue;
    problems.push({ code: 'profile-notice', path: `${prefix}/profile`, message: `${name}: ${notice}` });
  }
}

/** The monitor scrapes the Pod, and so does who reads the owner's annotations. */
function warnOfDoubleScrape({ said, targets, merging }: Work, problems: Problem[]): void {
  const scrape = said.value('scrape');
  if (merging || targets.length === 0 || scrape === undefined || parseScrape(scrape.text) !== true) return;
  const message = 'is "true" beside operator mode: the Pod would be scraped twice';
  problems.push({ code: 'annotation-conflict', path: scrape.key, message, hint: 'remove it' });
}

function warnOfSeveral(
  { targets, request, said }: Work,
  uncarried: readonly ResolvedTarget[],
  config: EngineConfig,
  problems: Problem[],
): void {
  const prefix = config.annotationPrefix;
  const place = request.list === undefined ? `${prefix}/profile` : `${prefix}/targets`;
  const annotatedPort = said.value('port')?.key;
  if (targets.length > 1) {
    const message = `${targets.length} targets; podscrape's scrape configuration or a monitor finds all, others may not`;
    problems.push({ code: 'several-targets', path: place, message });
  }
  if (targets.length > 1 && config.portAnnotation === 'none' && annotatedPort !== undefined) {
    const message = 'stays: beside a container label it makes every declared port a duplicate of one URL';
    problems.push({ code: 'annotation-conflict', path: annotatedPort, message, hint: 'remove it' });
  }
  for (const target of uncarried) {
    const url = clip(`${target.container}:${target.port}${target.path}`, 40);
    const message = `${url} is found by no annotation or port name`;
    problems.push({ code: 'several-targets', path: place, message, hint: 'it needs operator mode' });
  }
  // Grafana's annotations carry times; no other family has a key for them.
  const carried = writtenPrefixes(config).every((written) => written === GRAFANA_PREFIX);
  const isPlain = (time: string, plain: string): boolean => time === plain || time === 'inherit';
  if (
    !carried &&
    targets.some(({ interval, timeout }) => !isPlain(interval, '15s') || !isPlain(timeout, '5s'))
  ) {
    const message = "interval and timeout take effect through podscrape's scrape configuration only";
    problems.push({ code: 'interval-needs-config', path: `${prefix}/interval`, message });
  }
}

/** Merging carries http only, and more than one target only where Istio is new enough and asked to. */
function warnOfIstio({ targets }: Work, config: EngineConfig, problems: Problem[]): void {
  for (const { container, port } of targets.filter(({ scheme }) => scheme === 'https')) {
    const message = `Istio cannot merge the https of ${container}:${port}`;
    problems.push({ code: 'istio-merging', path: MERGE_METRICS, message, hint: 'set this to "false"' });
  }
  if (targets.length < 2) return;
  const message = config.istioScrapeTargets
    ? 'Istio before 1.31 merges this port only, not every target'
    : 'Istio merges this port only, not every target';
  const hint = config.istioScrapeTargets ? {} : { hint: 'istioScrapeTargets (Istio 1.31) merges all' };
  problems.push({ code: 'istio-merging', path: `${COMMUNITY_PREFIX}/port`, message, ...hint });
}
