import { policySuffix } from './conventions.ts';
import type { Policy, Violation } from './policy.ts';
import { inForce, policyName } from './policy.ts';
import { problemText } from './problem.ts';
import { selectorText } from './selector.ts';
import { clip, withoutControlCharacters } from './text.ts';

const DENIAL_LENGTH = 1000;
const DENIAL_LINE = 240;
const REMEDY_LENGTH = 300;

/**
 * What kubectl prints of a refusal, at most 1,000 characters: the policy, everything that is off, and the ways out.
 *
 * @param violations those that deny; not empty
 */
export function denialMessage(
  violations: readonly Violation[],
  policy: Policy,
  prefix: string,
  now: number | undefined,
): string {
  const intro = `off policy ${policyName(policy)}: `;
  const outro = `; ${clip(withoutControlCharacters(remedy(policy, prefix, now)), REMEDY_LENGTH)}`;
  const lines = violations.map(({ problem }) => {
    // The policy has been named.
    const text = problemText(problem).replace(policySuffix(policy), '');
    return clip(withoutControlCharacters(text), DENIAL_LINE);
  });
  return intro + fitting(lines, DENIAL_LENGTH - intro.length - outro.length) + outro;
}

/** As many lines as `room`, which is enough for one, has place for, joined, and how many more there are. */
function fitting(lines: readonly string[], room: number): string {
  const all = lines.join('; ');
  if (all.length <= room) return all;
  let count = lines.length - 1;
  const some = (): string => `${lines.slice(0, count).join('; ')}; and ${lines.length - count} more`;
  while (some().length > room) count--;
  return some();
}

function remedy(policy: Policy, prefix: string, now: number | undefined): string {
  const selectors = policy.exemptions
    .filter((exemption) => inForce(exemption, now))
    .map(({ selector }) => selectorText(selector));
  const exempt =
    selectors.length === 0
      ? 'ask the owner of the policy for an exemption'
      : `exempt are Pods labelled ${selectors.join(' or ')}`;
  return `to opt out of monitoring set ${prefix}/inject: disabled; ${exempt}`;
}
