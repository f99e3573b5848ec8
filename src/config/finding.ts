import type { Path } from '../core/positions.ts';

/** Something wrong in the configuration, at a place in it. */
export interface Finding {
  readonly path: Path;
  /** Whether the message is about the key at `path` or about its value. */
  readonly of: 'key' | 'value';
  /** What is wrong, and what is allowed. */
  readonly message: string;
  /** What was likely meant. */
  readonly hint?: string;
}

/** Something wrong with a value. */
export function wrongValue(path: Path, message: string, hint?: string): Finding {
  return { path, of: 'value', message, ...(hint !== undefined && { hint }) };
}

/** `server.drainSeconds`, `excludedNamespaces[0]`; keys that are no words are quoted. */
export function pathText(path: Path): string {
  const parts = path.map((step, index) => {
    if (/^\d+$/.test(step)) return `[${step}]`;
    return `${index === 0 ? '' : '.'}${word(step)}`;
  });
  return parts.join('');
}

/** A key as it is where it is a plain word, else quoted and with control characters escaped. */
function word(key: string): string {
  return /^[\w./-]{1,80}$/.test(key) ? key : shown(key);
}

/** A value for a message: JSON, so that it has no control characters, and cut to a readable length. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
}
