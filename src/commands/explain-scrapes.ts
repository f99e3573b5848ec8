import type { Target } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { isOperated } from '../core/operated.ts';
import { explainPod, urlParts } from '../prometheus/explain.ts';
import type { PodScrapes } from '../prometheus/explain.ts';
import { askedTimes } from '../prometheus/explain-asked.ts';
import { scrapeFindings } from '../prometheus/explain-findings.ts';
import type { ScrapeFinding } from '../prometheus/explain-finding.ts';
import { healthOf } from '../prometheus/explain-health.ts';
import type { RunningTargets, TargetHealth } from '../prometheus/explain-health.ts';
import { aroundOf, existingPod, runningPod } from '../prometheus/explain-pod.ts';
import { isSameTarget, requestedTargets } from '../prometheus/explain-requested.ts';
import type { Requested } from '../prometheus/explain-requested.ts';
import type { Job } from '../prometheus/job.ts';
import type { ExplainedObject } from '../manifests/explain.ts';

/** What a Prometheus makes of one object's Pod. */
export interface Scrapes {
  /** Whose jobs they are, for people. */
  readonly source: string;
  readonly explained: PodScrapes;
  /** Whether the Pod is taken as it is in a cluster. */
  readonly exists: boolean;
  readonly requested: readonly Requested[];
  readonly findings: readonly ScrapeFinding[];
  /** Undefined where no running Prometheus was asked. */
  readonly health: readonly TargetHealth[] | undefined;
}

export interface ScrapesOptions {
  readonly source: string;
  readonly jobs: readonly Job[];
  readonly podIp: string;
  readonly engine: EngineConfig;
  readonly running: RunningTargets | undefined;
}

/** Explains the Pod of an object; undefined where it has none. */
export function scrapesOf(
  { pod, livePod, kind, name, namespace, namespaceMetadata, decision }: ExplainedObject,
  { source, jobs, podIp, engine, running }: ScrapesOptions,
): Scrapes | undefined {
  const plain = livePod ?? pod;
  if (plain === undefined) return undefined;
  const origin = { kind, name, namespace };
  const seen = livePod === undefined ? runningPod(plain, origin, podIp) : existingPod(livePod, namespace);
  const explained = explainPod(seen, jobs, aroundOf(origin, namespaceMetadata));
  const targets: readonly Target[] = isOperated(plain, decision, engine) ? [] : decision.targets;
  const requested = requestedTargets(targets, explained);
  const findings = scrapeFindings(explained, requested, askedTimes(plain, decision, engine));
  const health = running === undefined ? undefined : healthOf(explained, origin, running);
  return { source, explained, exists: livePod !== undefined, requested, findings, health };
}

/** Whether everything that was asked for is scraped, as far as it can be told, and in the running Prometheus, if any, not down. */
export function isScraped({ requested, health }: Scrapes): boolean {
  return requested.every(({ target, by, untold }) => {
    if (by.length === 0 && untold.length === 0) return false;
    const own = health?.filter(
      ({ url }) =>
        isSameTarget(target, url) ||
        by.some(({ merged, scrape }) => merged && urlParts(scrape.url)?.port === urlParts(url)?.port),
    );
    return own === undefined || own.some(({ state }) => state === 'up' || state === 'unknown');
  });
}
