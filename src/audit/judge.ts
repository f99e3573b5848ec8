import type { Decision, Reason } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { inject } from '../core/inject.ts';
import { isOperated } from '../core/operated.ts';
import { isPodShaped, own, places } from '../core/pod.ts';
import { carriesKey } from '../core/request.ts';
import { statusKey, statusRecord } from '../core/status.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { isRequestKey } from '../core/workloads/hoist.ts';
import type { Job } from '../prometheus/job.ts';
import type { PodFinding } from './finding.ts';
import { judgeRecord } from './record.ts';
import { asksToBeScraped, isScrapeable, scrapingFindings } from './scraping.ts';
import type { LivePod, Owner } from './workload.ts';
import { refusal, skipWords } from './words.ts';
import { asksAnything, withAsked } from './workload.ts';

/** What the audit compares a Pod with. */
export interface Judging {
  readonly engine: EngineConfig;
  /** None where nothing is to be said of scraping. */
  readonly jobs: readonly Job[];
  /** Milliseconds since 1970 from which on the API server knows of the webhook; undefined where that is not known. */
  readonly registered: number | undefined;
}

/** Why a Pod is not looked at: it is gone or going, or nobody's but Kubernetes' own. */
export type LeftOut = 'finished' | 'terminating' | 'mirror' | 'excluded';

export interface Verdict {
  readonly leftOut?: LeftOut;
  /** Whether it asks for anything, of podscrape or in the community's annotations; or its workload for it. */
  readonly asks: boolean;
  readonly findings: readonly PodFinding[];
}

const QUIET: Verdict = { asks: false, findings: [] };

/** Judges one Pod as it is in the cluster. Pure: the same Pod, surroundings and configuration give the same verdict. */
export function judgePod(pod: LivePod, owner: Owner, surroundings: Surroundings, judging: Judging): Verdict {
  if (!isPodShaped(pod)) return QUIET;
  if ((pod.metadata?.deletionTimestamp ?? undefined) !== undefined)
    return { ...QUIET, leftOut: 'terminating' };
  if (['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) return { ...QUIET, leftOut: 'finished' };
  const { engine } = judging;
  // A live Pod is what the webhook saw, and more that the engine does not read: it was given its defaults before.
  const pass = inject(pod, surroundings, engine);
  const { decision } = pass;
  const leftOut = LEFT_OUT[decision.reason];
  if (leftOut !== undefined) return { ...QUIET, leftOut };
  const hasRecord = own(pod.metadata?.annotations, statusKey(engine)) !== undefined;
  const findings = hasRecord
    ? judgeRecord(pod, pass, surroundings, engine)
    : unrecorded(pod, owner, surroundings, decision, judging);
  const asks = hasRecord || findings.length > 0 || carriesKey(pod, engine.annotationPrefix);
  const scraped = isMissing(findings) ? [] : scraping(pod, owner, surroundings, decision, judging);
  return {
    asks: asks || asksToBeScraped(pod, engine),
    findings: [...findings, ...scraped],
  };
}

const LEFT_OUT: { readonly [reason in Reason]?: LeftOut } = {
  'namespace-excluded': 'excluded',
  'mirror-pod': 'mirror',
};

/** What is not there cannot be scraped, which is no second finding. */
function isMissing(findings: readonly PodFinding[]): boolean {
  return findings.some(({ code }) => ['not-injected', 'workload-asks', 'refused', 'skipped'].includes(code));
}

function scraping(
  pod: LivePod,
  { workload }: Owner,
  surroundings: Surroundings,
  decision: Decision,
  { engine, jobs }: Judging,
): readonly PodFinding[] {
  const isInjected = statusRecord(pod, engine)?.outcome === 'injected';
  const there = places(pod).map(({ container }) => container.name);
  // An exporter for which there was no room is not there to be scraped.
  const targets = isInjected ? decision.targets.filter(({ container }) => there.includes(container)) : [];
  const isAsked = targets.length > 0 || asksToBeScraped(pod, engine);
  if (!isAsked || !isScrapeable(pod) || isOperated(pod, decision, engine)) return [];
  return scrapingFindings(pod, workload, surroundings, targets, jobs);
}

/** A Pod without a record: the webhook has not seen it, or had nothing to do. */
function unrecorded(
  pod: LivePod,
  { workload, known }: Owner,
  surroundings: Surroundings,
  decision: Decision,
  { engine, registered }: Judging,
): readonly PodFinding[] {
  if (decision.outcome === 'injected') {
    const message = `${asking(pod, engine)}, and has no ${statusKey(engine)}: ${past(pod, registered)}`;
    return [{ code: 'not-injected', message }];
  }
  if (decision.outcome === 'refused') return [{ code: 'refused', message: refusal(decision) }];
  if (known !== undefined && asksAnything(known.asks)) {
    const asked = inject(withAsked(pod, known.asks), surroundings, engine).decision;
    if (asked.outcome === 'injected') {
      const who = `${workload.kind} ${workload.name}`;
      const keys = Object.keys({ ...known.asks.annotations, ...known.asks.labels }).sort();
      const message = `${who} asks (${keys.join(', ')}), and this Pod, made of an earlier template, does not`;
      return [{ code: 'workload-asks', message }];
    }
  }
  // An opt-out and nothing else is what its owner wants.
  const asks = requestKeys(pod, engine).some((key) => key !== `${engine.annotationPrefix}/inject`);
  const isOffered = decision.reason === 'audit' || TOLD.includes(decision.reason);
  return asks || isOffered ? [{ code: 'skipped', message: skipWords(decision) }] : [];
}

/** Reasons that come only after the Pod was found to ask. */
const TOLD: readonly Reason[] = ['host-network', 'no-sidecar', 'too-large'];

function requestKeys({ metadata }: LivePod, { annotationPrefix }: EngineConfig): readonly string[] {
  const keys = Object.keys({ ...metadata?.annotations, ...metadata?.labels });
  return keys.filter((key) => isRequestKey(key, annotationPrefix)).sort();
}

function asking(pod: LivePod, engine: EngineConfig): string {
  const keys = requestKeys(pod, engine);
  if (keys.length > 0) return `asks (${keys.join(', ')})`;
  return 'is asked for by its namespace, policy or configuration';
}

/** How the Pod got past the webhook, as far as its age tells. */
function past({ metadata }: LivePod, registered: number | undefined): string {
  const created = Date.parse(metadata?.creationTimestamp ?? '');
  return registered !== undefined && created < registered
    ? 'it is older than the webhook’s registration'
    : 'the webhook was away or failed open, or the namespace opted in later';
}
