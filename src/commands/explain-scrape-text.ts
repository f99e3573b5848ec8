import { clip, withoutControlCharacters } from '../core/text.ts';
import { placeOf } from '../prometheus/explain.ts';
import { META } from '../prometheus/meta-labels.ts';
import type { JobScrapes, PodScrapes } from '../prometheus/explain.ts';
import type { TargetHealth } from '../prometheus/explain-health.ts';
import { requestedTargets } from '../prometheus/explain-requested.ts';
import type { Requested } from '../prometheus/explain-requested.ts';
import { dropWords, ruleName, stepWords } from '../prometheus/explain-words.ts';
import type { Labels } from '../prometheus/labels.ts';
import type { FoundTarget } from '../prometheus/target.ts';
import { columnLines } from './columns.ts';
import type { Scrapes } from './explain-scrapes.ts';

/** A heading and its lines, as all of an explanation. */
export type Section = readonly [name: string, lines: readonly string[]];

/** The characters that are shown of a value. */
const LONGEST = 60;

/**
 * What a Prometheus makes of a Pod, as people read it: what it sees, what its jobs do, and last, where the eye ends, what
 * is scraped and what is not.
 */
export function scrapeSections(scrapes: Scrapes, allRules: boolean): readonly Section[] {
  const { source, explained, exists, requested, findings, health } = scrapes;
  const short = requestedTargets(
    requested.filter(({ by }) => by.length === 0).map(({ target }) => target),
    explained,
    LONGEST,
  );
  const missed = short.filter(({ untold }) => untold.length === 0);
  const untold = short.filter((one) => one.untold.length > 0);
  const words = [...new Set(findings.map(({ message }) => withoutControlCharacters(message)))];
  return [
    ['seen as', [seenAs(explained, exists)]],
    ['discovered', discoveredLines(explained)],
    ['jobs', [source, ...explained.jobs.flatMap((job) => jobLines(job, allRules))]],
    ['scraped', scrapedLines(explained)],
    ['findings', words],
    ...(health === undefined ? [] : [['running', healthLines(health)] as const]),
    ['NOT TOLD', [...untold.flatMap(untoldLines), ...(untold.length === 0 ? [] : [UNTOLD_REMEDY])]],
    ['NOT SCRAPED', [...missed.flatMap(missedLines), ...(missed.length === 0 ? [] : [remedy(explained)])]],
  ];
}

function seenAs({ pod }: PodScrapes, exists: boolean): string {
  const { metadata, status } = pod;
  const owner = (metadata?.ownerReferences ?? []).find(({ controller }) => controller === true);
  const isReady = (status?.conditions ?? []).some(
    ({ type, status: is }) => type === 'Ready' && is === 'True',
  );
  return [
    `Pod ${metadata?.name ?? '?'}`,
    status?.phase ?? 'no phase',
    isReady ? 'ready' : 'not ready',
    status?.podIP ?? 'no address',
    ...(owner === undefined ? [] : [`of ${owner.kind ?? ''} ${owner.name ?? ''}`]),
    exists ? 'as it is' : 'once it runs',
  ].join(', ');
}

/** What is the same for all targets once, without what only repeats it. */
function discoveredLines({ discovered }: PodScrapes): readonly string[] {
  const [first] = discovered;
  if (first === undefined) return ['nothing: the Pod has no address'];
  const own: readonly string[] = [META.portName, META.portProtocol, META.init, '__address__'];
  const isTold = (name: string): boolean =>
    own.includes(name) || name === META.portNumber || /_(?:annotation|label)present_/.test(name);
  const shared = [...first].filter(
    ([name, value]) => !isTold(name) && discovered.every((labels) => labels.get(name) === value),
  );
  const rows = discovered.map((labels) => [placeOf(labels), ...own.map((name) => labels.get(name) ?? '-')]);
  return [
    ...columnLines([['TARGET', 'NAME', 'PROTOCOL', 'INIT', 'ADDRESS'], ...rows]),
    ...columnLines(shared.map(([name, value]) => [name, clip(withoutControlCharacters(value), LONGEST)])),
  ];
}

function jobLines({ job, discovery, found, targets }: JobScrapes, allRules: boolean): readonly string[] {
  if (discovery.state === 'not-explained' || discovery.state === 'untold')
    return [`${job.name}: ${discovery.reason}`];
  if (discovery.state === 'not-discovered')
    return [`${job.name}: does not discover the Pod: ${discovery.reason}`];
  const count = targets.length === 0 ? 'scrapes nothing' : `scrapes ${targets.length}`;
  const untold = found.filter(({ outcome }) => outcome.state === 'untold').length;
  const more = untold === 0 ? '' : `; ${untold} cannot be told`;
  return [
    `${job.name}: ${count} of ${found.length} discovered${more}`,
    ...discovery.notes.map((note) => `  ${note}`),
    ...together(found.map((one) => foundLines(one, { job, allRules }))),
  ];
}

/** What befalls several targets alike is told once. */
function together(all: readonly FoundLines[]): readonly string[] {
  const groups = new Map<string, { readonly places: string[]; readonly of: FoundLines }>();
  for (const of of all) {
    const key = JSON.stringify([of.outcome, of.steps]);
    const group = groups.get(key) ?? { places: [], of };
    group.places.push(of.place);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ places, of: { outcome, steps } }) => [
    `  ${places.join(', ')}  ${outcome}`,
    ...steps.map((step) => `    ${step}`),
  ]);
}

interface FoundLines {
  readonly place: string;
  readonly outcome: string;
  readonly steps: readonly string[];
}

/** Of a dropped target only the rule that dropped it counts, unless all are asked for. */
function foundLines(
  found: FoundTarget,
  { job, allRules }: { readonly job: JobScrapes['job']; readonly allRules: boolean },
): FoundLines {
  const place = placeOf(found.discovered);
  const { outcome } = found;
  const isDropped = outcome.state === 'dropped';
  const steps = found.steps.filter(({ effect }) => allRules || (!isDropped && effect !== 'nothing'));
  const lines = steps.map((step) => `${ruleName(step, job)}  ${stepWords(found, step, job, LONGEST)}`);
  switch (outcome.state) {
    case 'dropped':
      return { place, outcome: `dropped by ${dropWords(found, job, LONGEST)}`, steps: lines };
    case 'untold':
      return { place, outcome: `cannot be told: ${outcome.reason}`, steps: lines };
    case 'invalid':
      return { place, outcome: `given up: ${outcome.reason}`, steps: lines };
    case 'scraped':
      return { place, outcome: `scraped as ${outcome.target.url}`, steps: lines };
  }
}

function scrapedLines({ jobs }: PodScrapes): readonly string[] {
  const lines = jobs.flatMap(({ job, targets }) =>
    targets.flatMap(({ url, labels, interval, timeout }) => [
      `${url}  every ${interval}, timeout ${timeout}, by ${job.name}`,
      `  ${labelText(labels)}`,
    ]),
  );
  return lines.length > 0 ? lines : ['nothing'];
}

function labelText(labels: Labels): string {
  const pairs = [...labels].map(
    ([name, value]) => `${name}=${JSON.stringify(clip(withoutControlCharacters(value), LONGEST))}`,
  );
  return `{${pairs.join(', ')}}`;
}

const UNTOLD_REMEDY =
  'remedy: have a Namespace stand before the Pod in the manifests, or ask the running Prometheus (--prometheus URL)';

/** Targets of which it cannot be told whether they are scraped. */
function untoldLines({ target, untold }: Requested): readonly string[] {
  return missedLines({ target, by: [], why: untold, untold: [] });
}

function missedLines({ target, why }: Requested): readonly string[] {
  const { container, port, scheme, path } = target;
  const reasons = why.length > 0 ? why : [{ job: 'no job', words: 'discovers Pods by the role pod' }];
  const jobs = Map.groupBy(reasons, ({ words }) => words);
  return [
    `${container}:${port} ${scheme} ${path}`,
    ...[...jobs].map(
      ([words, of]) => `  ${of.map(({ job }) => job).join(', ')}: ${withoutControlCharacters(words)}`,
    ),
  ];
}

/** What to do about targets that no job scrapes. */
function remedy({ pod, jobs }: PodScrapes): string {
  const states = new Set(jobs.map(({ discovery }) => discovery.state));
  if (states.has('discovered'))
    return 'remedy: change the rule, or what it reads of the Pod; podscrape scrape-config prints jobs that find what is asked for';
  if (!states.has('not-discovered')) return 'remedy: add the jobs that podscrape scrape-config prints';
  if ((pod.status?.podIP ?? '') === '')
    return 'remedy: wait until the Pod runs; kubectl describe says why it does not';
  const namespace = pod.metadata?.namespace ?? 'default';
  return `remedy: have a job discover the Pod, and give Prometheus the rights for it (podscrape scrape-config --namespaces ${namespace} --print-rbac)`;
}

function healthLines(health: readonly TargetHealth[]): readonly string[] {
  if (health.length === 0) return ['no target of the Pod is scraped, as explained'];
  return health.flatMap(({ job, pod, place, url, state, lastError, cause, notes }) => [
    `${state === 'up' ? 'up' : state.toUpperCase()}  ${pod === '' ? '' : `${pod} `}${place}  ${url}  by ${job}`,
    ...(cause === undefined
      ? []
      : [
          `  ${cause.cause}`,
          `  remedy: ${cause.remedy}`,
          ...(cause.code === 'other'
            ? []
            : [`  said: ${clip(withoutControlCharacters(lastError ?? ''), 200)}`]),
        ]),
    ...notes.map((note) => `  ${note}`),
  ]);
}
