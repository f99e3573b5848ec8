import { didYouMean } from '../core/problem.ts';
import { BUILT_IN_PROFILES } from '../profiles/index.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';
import type { Path } from './positions.ts';

/** That a name is a profile's. The empty one is left to the schema. */
export function profileName(name: unknown, path: Path): Finding[] {
  const known = BUILT_IN_PROFILES.map((row) => row.name);
  if (typeof name !== 'string' || name === '' || known.includes(name)) return [];
  const message = `unknown profile ${shown(name)}; known are ${known.join(', ')}`;
  return [{ path, of: 'value', message, ...didYouMean(name, known) }];
}
