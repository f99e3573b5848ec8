import type { Injection } from './decision.ts';
import { skipped } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import type { Surroundings } from './surroundings.ts';

export function inject(pod: Pod, _surroundings: Surroundings, _config: EngineConfig): Injection {
  return { decision: skipped('no-request'), pod };
}
