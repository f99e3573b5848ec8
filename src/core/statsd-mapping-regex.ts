import { RE2JS, RE2JSSyntaxException } from 're2js';

/** Instructions of all regular expressions of one mapping together: under a second of compiling. */
const MOST_INSTRUCTIONS = 200_000;
/** A Unicode class costs as much to compile as that many literals. */
const CLASS_COST = 20;

/** Compiles what one mapping file has, each expression once, within a budget that all of them share. */
export function regexChecker(): (pattern: string) => string | undefined {
  const seen = new Map<string, string | undefined>();
  let left = MOST_INSTRUCTIONS;
  return (pattern) => {
    if (seen.has(pattern)) return seen.get(pattern);
    left -= estimate(pattern);
    const fault =
      left < 0 ? 'the regular expressions are too large to check; make them shorter' : syntax(pattern);
    seen.set(pattern, fault);
    return fault;
  };
}

function syntax(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    const reason = error instanceof RE2JSSyntaxException ? error.getDescription() : 'too large';
    return `not an RE2 regular expression: ${reason}`;
  }
}

/** About how many instructions the expression compiles to: literals, each as often as the repetitions around it say. */
export function estimate(pattern: string): number {
  const piece = /\\[pP]|\\.|\[:\^?\w+:\]|\[\^?\]?|\{(\d+)(?:,(\d*))?\}|./gsu;
  const outer: number[] = [];
  let sum = 0;
  let last = 0;
  let inClass = false;
  for (const [text, least, most] of pattern.matchAll(piece)) {
    if (text === '(' && !inClass) {
      outer.push(sum);
      sum = last = 0;
    } else if (text === ')' && !inClass && outer.length > 0) {
      last = sum + 2;
      sum = (outer.pop() ?? 0) + last;
    } else if (least !== undefined && !inClass) {
      const times = Math.min(1000, Math.max(Number(least), Number(most || least), 1));
      sum += last * (times - 1);
      last *= times;
    } else {
      inClass = text === ']' ? false : inClass || /^\[(?!:)/.test(text);
      last = /^\\[pP]/.test(text) ? CLASS_COST : 1;
      sum += last;
    }
  }
  return outer.reduce((total, part) => total + part, sum);
}
