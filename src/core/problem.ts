import { closest, distance } from 'fastest-levenshtein';

/**
 * What can be wrong with a request. A mistake of a user is a value, never an exception; all of them are collected.
 * A new problem is one row here. `error` stops the injection, `warning` does not.
 */
export const PROBLEM_CODES = {
  'unknown-key': 'warning',
  'bad-value': 'error',
  'unknown-profile': 'error',
  'unknown-container': 'error',
  'unknown-port': 'error',
  'port-conflict': 'error',
  'profile-conflict': 'error',
  'ignored-key': 'warning',
  'port-undeclared': 'warning',
  'annotation-conflict': 'warning',
  'annotation-normalised': 'warning',
  'several-targets': 'warning',
  'interval-needs-config': 'warning',
  'env-left-alone': 'warning',
  'left-behind': 'warning',
  'opted-out': 'warning',
  'nothing-asked': 'warning',
  'host-network': 'warning',
  'no-sidecar': 'warning',
  'never-ends': 'warning',
  'resources-adjusted': 'warning',
  'exporter-connection': 'error',
  'address-password': 'warning',
  'profile-notice': 'warning',
  'one-replica': 'warning',
  'not-injected': 'warning',
  'namespace-only': 'warning',
  'monitor-needs-operator': 'error',
  adoption: 'warning',
  'istio-merging': 'warning',
  'policy-label': 'warning',
  'off-convention': 'warning',
} as const satisfies Record<string, 'error' | 'warning'>;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** One thing that a person should know, in words that say what to do. */
export interface Problem {
  readonly code: ProblemCode;
  /** The place: an annotation key, or an annotation key with an index (`podscrape.dev/targets[1].port`). */
  readonly path: string;
  /** What is off, and what is allowed. No control characters. */
  readonly message: string;
  /** What was likely meant, or what to do. */
  readonly hint?: string;
}

export function severity(problem: Problem): 'error' | 'warning' {
  return PROBLEM_CODES[problem.code];
}

export function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some((problem) => severity(problem) === 'error');
}

/** One line, as a good compiler would print it: `place: what is off; what to do`. */
export function problemText(problem: Problem): string {
  const joint = problem.message.startsWith('not set') ? ' ' : ': ';
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${problem.path}${joint}${problem.message}${hint}`;
}

/** The known word that `word` was likely meant to be, or undefined when none is near enough to suggest. */
function nearMiss(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word === '' || word.length > 64) return undefined;
  const best = closest(word.toLowerCase(), [...known]);
  return isNear(word.toLowerCase(), best) ? best : undefined;
}

/** `did you mean X?`, or nothing. */
export function didYouMean(word: string, known: readonly string[]): { readonly hint?: string } {
  const near = nearMiss(word, known);
  return near === undefined ? {} : { hint: `did you mean ${near}?` };
}

function isNear(word: string, known: string): boolean {
  return distance(word, known) <= (known.length < 4 ? 1 : Math.ceil(known.length / 3));
}
