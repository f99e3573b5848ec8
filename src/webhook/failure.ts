import { SelfCheckError } from '../core/patch.ts';

/** What a log line may say about an exception. */
export interface Failure {
  readonly error: string;
  readonly stack: readonly string[];
}

/** Errors whose words name code or paths of a patch; those of parsers quote what they were given. */
const OWN_WORDS = [TypeError, RangeError, ReferenceError, SelfCheckError];

/**
 * An exception without anything that a user wrote. `JSON.parse` and YAML parsers quote their input in the message,
 * and a Pod holds secrets in environment values and annotations, so a message goes into the log only where the
 * engine made it. The frames always do: they are places in podscrape.
 */
export function describeFailure(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { error: `a thrown ${typeof thrown}`, stack: [] };
  const own = OWN_WORDS.some((type) => Object.getPrototypeOf(thrown) === type.prototype);
  const code = 'code' in thrown && typeof thrown.code === 'string' ? ` ${thrown.code}` : '';
  return {
    error: own ? `${thrown.name}: ${thrown.message.slice(0, 200)}` : `${thrown.constructor.name}${code}`,
    stack: framesOf(thrown),
  };
}

function framesOf(error: Error): readonly string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ {4}at [^\n]*(?::\d+:\d+\)?|<anonymous>\)?|\(native\))$/.test(line))
    .map((line) => line.trim())
    .slice(0, 20);
}
