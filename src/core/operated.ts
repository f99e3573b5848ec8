import type { Decision } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import { readOwnKeys } from './request.ts';

/** Whether a monitor scrapes the Pod: its targets are for other jobs than those that read annotations. */
export function isOperated(
  pod: Pod,
  { policy }: Decision,
  { annotationPrefix, policies }: EngineConfig,
): boolean {
  const own = readOwnKeys(pod, annotationPrefix).values['operator-mode'];
  return own ?? policies.find(({ name }) => name === policy?.name)?.operatorMode ?? false;
}
