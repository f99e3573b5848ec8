import type { Decision, Target } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { Pod } from '../core/kubernetes.ts';
import { readOwnKeys } from '../core/request.ts';
import { readTargetList } from '../core/target-list.ts';

/** Whether somebody asked for the interval or timeout that a target has. */
export type IsAsked = (target: Target, which: 'interval' | 'timeout') => boolean;

/** What the Pod or one of its profiles says; podscrape's own defaults, which only its own jobs know, are no request. */
export function askedTimes(
  pod: Pod,
  decision: Pick<Decision, 'profiles'>,
  { annotationPrefix, profiles }: Pick<EngineConfig, 'annotationPrefix' | 'profiles'>,
): IsAsked {
  const { values } = readOwnKeys(pod, annotationPrefix);
  // What is wrong with the list is in the decision already.
  const list = values.targets === undefined ? [] : readTargetList(values.targets, '', []);
  const chosen = decision.profiles.flatMap((name) => profiles.get(name) ?? []);
  return (target, which) => {
    // Profiles that share an exporter share its times.
    const shared = profiles.get(target.source)?.exporter?.exporter;
    const own = chosen.filter(
      ({ name, exporter }) =>
        name === target.source || (shared !== undefined && exporter?.exporter === shared),
    );
    return [values, ...list, ...own].some((one) => one[which] === target[which]);
  };
}
