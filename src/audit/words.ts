import type { Decision } from '../core/decision.ts';
import { REASONS } from '../core/decision.ts';
import { problemText, severity } from '../core/problem.ts';
import { clip, withoutControlCharacters } from '../core/text.ts';

/** A refusal in words: its first error. */
export function refusal({ reason, problems }: Decision): string {
  const error = problems.find((problem) => severity(problem) === 'error');
  return error === undefined ? REASONS[reason] : problemText(error);
}

/** A skip in words. */
export function skipWords({ reason, problems }: Decision): string {
  const [problem] = problems;
  return `${REASONS[reason]}${problem === undefined ? '' : ` (${problemText(problem)})`}`;
}

/** What anybody may have written, short and on one line. */
export function said(text: string | undefined, length = 60): string {
  return clip(withoutControlCharacters(text ?? ''), length);
}
