import type { Decision, Injection } from '../core/decision.ts';
import { REASONS } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { inject } from '../core/inject.ts';
import type { Pod } from '../core/kubernetes.ts';
import { noRoomWords } from '../core/namespace-limits-fit.ts';
import { places } from '../core/pod.ts';
import type { StatusRecord } from '../core/status.ts';
import { statusKey, statusRecord, tells } from '../core/status.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { quoted } from '../core/text.ts';
import { takeOut } from '../core/uninject.ts';
import type { Again, Difference } from './difference.ts';
import { differences, missingOf } from './difference.ts';
import type { PodFinding } from './finding.ts';
import { refusal, said } from './words.ts';

/**
 * Judges a Pod with a record by injecting it again, as its owner wrote it: what the record says is taken out first.
 *
 * Made by another configuration or version, every difference counts. Made by this one, only what can change in a live
 * Pod counts: annotations, and the record itself. The rest of a Pod is what it was on creation, and differs for reasons
 * that are no fault: a LimitRange or quota that left no room for the exporter, another webhook that came after.
 *
 * @param pass what a further pass makes of the Pod as it is
 */
export function judgeRecord(
  pod: Pod,
  pass: Injection,
  surroundings: Surroundings,
  engine: EngineConfig,
): readonly PodFinding[] {
  const record = statusRecord(pod, engine);
  if (record === undefined)
    return [{ code: 'status-broken', message: `${statusKey(engine)} is no record that podscrape wrote` }];
  const again = inject(takeOut(pod, engine).pod, surroundings, engine);
  const isOther = record.config !== engine.hash || record.version !== engine.version;
  if (isNewer(record.version, engine.version)) {
    const message = `podscrape ${quoted(record.version)} injected it, and this is ${engine.version}: not compared`;
    return [{ code: 'newer', message }];
  }
  if (record.outcome !== 'injected') {
    const stands = tells(pod, pass.decision, engine);
    return stands ? [asRecorded(record)] : notInjected(record, again.decision, isOther, engine);
  }
  switch (again.decision.outcome) {
    case 'skipped':
      return [
        { code: 'no-longer-asked', message: `a new one would not be: ${REASONS[again.decision.reason]}` },
      ];
    case 'refused':
      return [finding(isOther, record, engine, [`a new one would be refused: ${refusal(again.decision)}`])];
    case 'injected':
      return injected(pod, record, again, isOther ? undefined : pass, engine);
  }
}

function injected(
  pod: Pod,
  record: StatusRecord,
  again: Again,
  pass: Injection | undefined,
  engine: EngineConfig,
): readonly PodFinding[] {
  const missing = missingOf(pod, record).map((what) => `${what} is recorded, and not there`);
  if (missing.length > 0) return [finding(false, record, engine, missing)];
  if (again.decision.added.containers.some((name) => hadNoRoom(pod, name, record, engine))) return [];
  const found = differences(pod, again, record);
  const counting = found.filter(
    (difference) => pass === undefined || canChange(difference, pod, again, pass),
  );
  if (counting.length === 0) return [];
  return [
    finding(
      pass === undefined,
      record,
      engine,
      counting.map(({ words }) => words),
    ),
  ];
}

/** Whether the namespace's limits left no room for the exporter. Whether there is room now is not asked. */
function hadNoRoom(
  pod: Pod,
  exporter: string,
  { problems = [] }: StatusRecord,
  { annotationPrefix }: EngineConfig,
): boolean {
  const words = `${annotationPrefix}/profile: ${noRoomWords(exporter)}`;
  const isThere = places(pod).some(({ container }) => container.name === exporter);
  return !isThere && problems.some((problem) => problem.startsWith(words));
}

/** Whether a difference can have come about in the live Pod. */
function canChange({ part }: Difference, pod: Pod, { decision }: Again, pass: Injection): boolean {
  const there = places(pod).map(({ container }) => container.name);
  if (!decision.added.containers.every((name) => there.includes(name))) return false;
  return part === 'annotation' || part === 'profiles' || (part === 'port' && pass.pod !== pod);
}

function notInjected(
  record: StatusRecord,
  now: Decision,
  isOther: boolean,
  engine: EngineConfig,
): readonly PodFinding[] {
  // Quotas are used up and freed: whether there is room for the exporter now is not asked.
  if (now.outcome === 'injected' && record.reason !== 'no-sidecar')
    return [
      finding(isOther, record, engine, [
        `it was ${record.outcome} (${said(record.reason, 30)}), and would be injected`,
      ]),
    ];
  return [asRecorded(record)];
}

/** What the record says of a Pod that was not injected. */
function asRecorded(record: StatusRecord): PodFinding {
  const [problem] = record.problems ?? [];
  const known: Readonly<Record<string, string>> = REASONS;
  const why = Object.hasOwn(known, record.reason) ? known[record.reason] : undefined;
  const reason = why ?? said(record.reason, 30);
  const words = problem === undefined ? undefined : said(problem, 200);
  if (record.outcome === 'refused') return { code: 'refused', message: words ?? reason };
  return { code: 'skipped', message: `${reason}${words === undefined ? '' : ` (${words})`}` };
}

const MOST_WORDS = 3;

function finding(
  isOther: boolean,
  record: StatusRecord,
  engine: EngineConfig,
  words: readonly string[],
): PodFinding {
  const more = words.length > MOST_WORDS ? `; and ${words.length - MOST_WORDS} more` : '';
  const what = `${words.slice(0, MOST_WORDS).join('; ')}${more}`;
  if (!isOther) return { code: 'status-differs', message: what };
  return { code: 'outdated', message: `${made(record, engine)}: ${what}` };
}

function made({ config, version }: StatusRecord, engine: EngineConfig): string {
  const by = [
    ...(version === engine.version ? [] : [`podscrape ${said(version, 20)} (this is ${engine.version})`]),
    ...(config === engine.hash ? [] : [`configuration ${said(config, 12)} (this is ${engine.hash})`]),
  ];
  return `decided by ${by.join(' and ')}`;
}

/** By the numbers of `1.2.3`; what stands behind them does not count. */
function isNewer(one: string, other: string): boolean {
  const numbers = (version: string): readonly number[] =>
    (/^(\d{1,9})\.(\d{1,9})\.(\d{1,9})/.exec(version) ?? []).slice(1).map(Number);
  const [ours, theirs] = [numbers(other), numbers(one)];
  const index = theirs.findIndex((number, place) => number !== ours[place]);
  return ours.length === 3 && index >= 0 && (theirs[index] ?? 0) > (ours[index] ?? 0);
}
