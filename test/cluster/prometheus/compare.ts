import assert from 'node:assert/strict';

import { canonicalJson } from '../../../src/config/hash.ts';
import { HISTOGRAM_LABELS } from '../../../src/prometheus/target.ts';
import type { FoundTarget } from '../../../src/prometheus/target.ts';
import type { ActiveTarget, LabelObject, Targets } from './answers.ts';

/** A target as both tell it. */
interface Told {
  readonly discovered: LabelObject;
  readonly labels: LabelObject;
  readonly url: string;
  readonly interval: string;
  readonly timeout: string;
}

/**
 * Asserts that Prometheus tells of a job exactly the targets that podscrape found in it, scraped and dropped, with the same
 * labels before and after the rules. Where several containers make the same target, Prometheus tells one of them.
 */
export function assertSameTargets(targets: Targets, found: readonly FoundTarget[], job: string): void {
  const ofJob = ({ scrapePool }: { readonly scrapePool: string }): boolean => scrapePool === job;
  const active = targets.active.filter(ofJob).map(told);
  assert.deepEqual(sorted(active), sorted(distinct(found, active)), `scraped by ${job}`);
  const dropped = found.filter(({ outcome }) => outcome.state === 'dropped');
  assert.deepEqual(
    sorted(targets.dropped.filter(ofJob).map(({ discoveredLabels }) => shown(discoveredLabels))),
    sorted(dropped.map(({ discovered }) => Object.fromEntries(discovered))),
    `dropped by ${job}`,
  );
}

function told({ discoveredLabels, labels, ...active }: ActiveTarget): Told {
  const { scrapeUrl: url, scrapeInterval: interval, scrapeTimeout: timeout } = active;
  return { discovered: shown(discoveredLabels), labels, url, interval, timeout };
}

/** The labels without those that podscrape leaves out. */
function shown(labels: LabelObject): LabelObject {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !HISTOGRAM_LABELS.has(name)));
}

/** Of those that are the same target, the one that was told, if any of them was. */
function distinct(found: readonly FoundTarget[], active: readonly Told[]): readonly Told[] {
  const seen = new Set(active.map(({ discovered }) => canonicalJson(discovered)));
  const targets = new Map<string, Told>();
  for (const { discovered, outcome } of found) {
    if (outcome.state !== 'scraped') continue;
    const { labels, ...target } = outcome.target;
    const one: Told = {
      discovered: Object.fromEntries(discovered),
      labels: Object.fromEntries(labels),
      ...{ url: target.url, interval: target.interval, timeout: target.timeout },
    };
    const identity = canonicalJson([one.url, one.labels]);
    if (!targets.has(identity) || seen.has(canonicalJson(one.discovered))) targets.set(identity, one);
  }
  return [...targets.values()];
}

function sorted<T>(values: readonly T[]): readonly T[] {
  return [...values].sort((one, other) => (canonicalJson(one) < canonicalJson(other) ? -1 : 1));
}
