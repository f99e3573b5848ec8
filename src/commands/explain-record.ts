import { placeOf } from '../prometheus/explain.ts';
import type { JobScrapes } from '../prometheus/explain.ts';
import { stepWords } from '../prometheus/explain-words.ts';
import type { Labels } from '../prometheus/labels.ts';
import type { ScrapeTarget } from '../prometheus/target.ts';
import type { Scrapes } from './explain-scrapes.ts';

/**
 * What is printed of scrapes for programs: everything, rules that do nothing too. Rules are counted from 0, as in
 * `relabel_configs`.
 */
export function scrapeRecord(scrapes: Scrapes): object {
  const { source, explained, exists, requested, findings, health } = scrapes;
  const { metadata, status } = explained.pod;
  return {
    jobsOf: source,
    pod: {
      name: metadata?.name,
      namespace: metadata?.namespace,
      phase: status?.phase,
      ip: status?.podIP,
      exists,
    },
    discovered: explained.discovered.map((labels) => ({ place: placeOf(labels), labels: plain(labels) })),
    jobs: explained.jobs.map(jobRecord),
    requested: requested.map(({ target, by, why, untold }) => ({
      ...target,
      scraped: by.length > 0,
      by: by.map(({ job, scrape, merged }) => ({ job, url: scrape.url, merged })),
      why,
      ...(untold.length === 0 ? {} : { untold }),
    })),
    findings,
    ...(health === undefined ? {} : { health }),
  };
}

function jobRecord({ job, discovery, found, targets }: JobScrapes): object {
  return {
    job: job.name,
    ...discovery,
    found: found.map((one) => ({
      place: placeOf(one.discovered),
      discovered: plain(one.discovered),
      steps: one.steps.map((step) => ({
        ...step,
        config: job.rules[step.rule]?.config,
        // JSON has no undefined: a label that is not there is null.
        changes: step.changes.map(({ name, before = null, after = null }) => ({ name, before, after })),
        words: stepWords(one, step, job),
      })),
      outcome:
        one.outcome.state === 'scraped'
          ? { state: one.outcome.state, target: targetRecord(one.outcome.target) }
          : one.outcome,
    })),
    targets: targets.map(targetRecord),
  };
}

function targetRecord({ url, labels, interval, timeout }: ScrapeTarget): object {
  return { url, labels: plain(labels), interval, timeout };
}

function plain(labels: Labels): Readonly<Record<string, string>> {
  return Object.fromEntries(labels);
}
