import { parseScrape, readCommunity } from '../core/community.ts';
import type { Target } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { clip } from '../core/text.ts';
import { explainPod } from '../prometheus/explain.ts';
import type { JobScrapes, PodScrapes } from '../prometheus/explain.ts';
import { scrapeFindings } from '../prometheus/explain-findings.ts';
import type { ScrapeFinding, ScrapeFindingCode } from '../prometheus/explain-finding.ts';
import { aroundOf, existingPod } from '../prometheus/explain-pod.ts';
import { requestedTargets } from '../prometheus/explain-requested.ts';
import type { Requested } from '../prometheus/explain-requested.ts';
import { dropWords } from '../prometheus/explain-words.ts';
import type { Job } from '../prometheus/job.ts';
import type { PodFinding } from './finding.ts';
import type { LivePod, Workload } from './workload.ts';

/** How much of a value a sentence shows, in characters. */
const SHOWN = 60;

/** These scrapes cannot work, whatever listens. */
const FAILS: readonly ScrapeFindingCode[] = ['not-tcp', 'bare-ipv6', 'init-container', 'invalid'];

/** These may, and are likely not meant. */
const DOUBTFUL: readonly ScrapeFindingCode[] = [
  'duplicate-url',
  'same-labels',
  'undeclared-port',
  'no-port',
  'scheme',
  'collision',
];

/** Whether Prometheus scrapes the Pod at all: those that do not run, or have no address yet, it leaves alone. */
export function isScrapeable({ status }: LivePod): boolean {
  return status?.phase === 'Running' && (status.podIP ?? '') !== '';
}

/** Whether the Pod asks in the community's annotations. */
export function asksToBeScraped(pod: LivePod, config: Pick<EngineConfig, 'dialects'>): boolean {
  return parseScrape(readCommunity(pod, config).value('scrape')?.text ?? '') === true;
}

/**
 * What keeps a Prometheus with these jobs from scraping a running Pod.
 *
 * @param around the Pod's namespace, of which the labels are known or nothing is
 * @param targets those that podscrape made scrapeable; none where the Pod asks in the community's annotations alone
 */
export function scrapingFindings(
  pod: LivePod,
  workload: Workload,
  { namespace, labels }: Pick<Surroundings, 'namespace' | 'labels'>,
  targets: readonly Target[],
  jobs: readonly Job[],
): readonly PodFinding[] {
  const around = aroundOf({ ...workload, namespace }, labels === undefined ? {} : { labels });
  const scrapes = explainPod(existingPod(pod, namespace), jobs, around);
  // Jobs by other roles may scrape it, and that cannot be told from the Pod.
  if (scrapes.jobs.every(({ discovery }) => discovery.state === 'not-explained')) return [];
  const requested = requestedTargets(targets, scrapes, SHOWN);
  // How often it is scraped is no question of whether.
  const found = scrapeFindings(scrapes, requested, () => false);
  const lost = targets.length > 0 ? lostTargets(requested) : lostPod(scrapes);
  const wanted =
    targets.length > 0
      ? requested.flatMap(({ by }) => by.map(({ scrape }) => scrape.url))
      : scrapes.jobs.flatMap(({ targets: scraped }) => scraped.map(({ url }) => url));
  const failing = found.filter(({ code }) => FAILS.includes(code));
  const isFailing = (url: string): boolean => failing.some((finding) => finding.url === url);
  const fails = wanted.length > 0 && wanted.every(isFailing);
  return [
    ...lost,
    ...(fails ? [{ code: 'scrape-fails' as const, message: messages(failing) }] : []),
    ...doubts(found, fails),
  ];
}

function doubts(found: readonly ScrapeFinding[], fails: boolean): readonly PodFinding[] {
  const codes = fails ? DOUBTFUL : [...DOUBTFUL, ...FAILS];
  const doubtful = found.filter(({ code }) => codes.includes(code));
  return doubtful.length === 0 ? [] : [{ code: 'scrape-doubtful', message: messages(doubtful) }];
}

function messages(findings: readonly ScrapeFinding[]): string {
  const [first, ...more] = [...new Set(findings.map(({ message }) => message))];
  return `${first ?? ''}${more.length === 0 ? '' : `; and ${more.length} more`}`;
}

function lostTargets(requested: readonly Requested[]): readonly PodFinding[] {
  return requested
    .filter(({ by }) => by.length === 0)
    .map(({ target: { container, port, path }, why, untold: [unknown] }) => {
      const what = `${container}:${port}${path}`;
      if (unknown !== undefined) return untold(what, unknown.job, unknown.words);
      const reasons = why.map(({ job, words }) => `job ${job}: ${words}`);
      return finding(`${what} is scraped by no job`, reasons);
    });
}

function lostPod({ jobs }: PodScrapes): readonly PodFinding[] {
  if (jobs.some(({ targets }) => targets.length > 0)) return [];
  const [unknown] = jobs.flatMap(whyUntold);
  if (unknown !== undefined) return [unknown];
  return [finding('the Pod asks to be scraped, and no job does', jobs.flatMap(whyNot))];
}

function whyUntold({ job, discovery, found }: JobScrapes): readonly PodFinding[] {
  if (discovery.state === 'untold') return [untold('the Pod', job.name, discovery.reason)];
  return found.flatMap(({ outcome }) =>
    outcome.state === 'untold' ? [untold('the Pod', job.name, outcome.reason)] : [],
  );
}

function untold(what: string, job: string, words: string): PodFinding {
  return {
    code: 'scrape-untold',
    message: `whether ${what} is scraped cannot be told: job ${job}: ${clip(words, 300)}`,
  };
}

function whyNot({ job, discovery, found }: JobScrapes): readonly string[] {
  if (discovery.state === 'not-explained') return [];
  if (discovery.state === 'not-discovered') return [`job ${job.name}: ${discovery.reason}`];
  const first = found[0];
  if (first?.outcome.state === 'invalid') return [`job ${job.name}: ${first.outcome.reason}`];
  return first === undefined ? [] : [`job ${job.name}: ${dropWords(first, job, SHOWN)}`];
}

/** With the first reason; `explain` tells the others. */
function finding(message: string, [reason, ...more]: readonly string[]): PodFinding {
  const others =
    more.length === 0
      ? ''
      : `; ${more.length} other ${more.length === 1 ? 'job does' : 'jobs do'} not either`;
  return {
    code: 'not-scraped',
    message: `${message}${reason === undefined ? '' : ` (${clip(reason, 300)}${others})`}`,
  };
}
