import type { Added, Decision } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import { own } from './pod.ts';
import { problemText } from './problem.ts';
import { clip, withoutControlCharacters } from './text.ts';

/**
 * `P/status`: podscrape's record on the Pod, for people, for later passes and for taking things out again. No
 * verdict rests on it: it is read for bookkeeping only, and a forged one can claim no more than what podscrape
 * itself would have written.
 */
interface StatusRecord {
  /** podscrape's version. */
  readonly version: string;
  /** The configuration's hash. */
  readonly config: string;
  readonly outcome: string;
  readonly reason: string;
  readonly profiles?: readonly string[];
  readonly added?: Partial<Added>;
  readonly problems?: readonly string[];
}

const MOST_PROBLEMS = 20;

export function statusKey(config: EngineConfig): string {
  return `${config.annotationPrefix}/status`;
}

/** The record as compact JSON, what people look for first; empty lists are left out. */
export function statusText(decision: Decision, config: EngineConfig): string {
  const added = Object.fromEntries(
    Object.entries(decision.added).filter(([, names]: [string, readonly string[]]) => names.length > 0),
  );
  const problems = decision.problems
    .slice(0, MOST_PROBLEMS)
    .map((p) => clip(withoutControlCharacters(problemText(p)), 300));
  const record: StatusRecord = {
    outcome: decision.outcome,
    reason: decision.reason,
    ...(decision.profiles.length === 0 ? {} : { profiles: decision.profiles }),
    ...(problems.length === 0 ? {} : { problems }),
    ...(Object.keys(added).length === 0 ? {} : { added }),
    version: config.version,
    config: config.hash,
  };
  return JSON.stringify(record);
}

/** What an earlier pass recorded as added; empty for anything that is no record. */
export function recordedAdded(
  pod: Pod,
  config: EngineConfig,
): Partial<Record<keyof Added, readonly unknown[]>> {
  const added: unknown = parse(own(pod.metadata?.annotations, statusKey(config)))?.added;
  if (typeof added !== 'object' || added === null) return {};
  return Object.fromEntries(Object.entries(added).filter(([, names]) => Array.isArray(names)));
}

/**
 * The Pod with its record. An earlier record that says the same but for its problems is kept to the letter: warnings
 * of the first pass (a port that nobody declared) are gone in the second, which has to be an empty patch.
 */
export function withStatus(pod: Pod, decision: Decision, config: EngineConfig): Pod {
  const key = statusKey(config);
  const text = statusText(decision, config);
  const current = own(pod.metadata?.annotations, key);
  if (current === text || sameButProblems(parse(current), parse(text))) return pod;
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, [key]: text } },
  };
}

function sameButProblems(a: StatusRecord | undefined, b: StatusRecord | undefined): boolean {
  if (a === undefined || b === undefined || a.outcome !== 'injected') return false;
  return JSON.stringify({ ...a, problems: undefined }) === JSON.stringify({ ...b, problems: undefined });
}

function parse(text: string | undefined): StatusRecord | undefined {
  if (text === undefined || text.length > 65536) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as StatusRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
