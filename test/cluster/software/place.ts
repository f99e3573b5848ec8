import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { cacheRoot } from '../binaries.ts';

/** Software is not there and cannot be fetched here; the message says what is missing and the remedy. */
export class SoftwareUnavailable extends Error {
  override name = 'SoftwareUnavailable';
}

/**
 * The folder of fetched software, outside the tree. Unlike the binaries it is run by other users too (PostgreSQL
 * refuses root, Pods have users of their own): where root's home is closed to them it lies in /var/cache.
 */
export function softwareRoot(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  const root = cacheRoot(env);
  if (env['PODSCRAPE_TEST_CACHE'] || uid !== 0 || closedFolder(root) === undefined)
    return join(root, 'software');
  return '/var/cache/podscrape/software';
}

/** The first folder on the way to a path that other users may not enter; undefined when the way is free. */
export function closedFolder(path: string): string | undefined {
  const folder = dirname(path);
  const above = folder === path ? undefined : closedFolder(folder);
  if (above !== undefined) return above;
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() && (stats.mode & 0o001) === 0 ? path : undefined;
}
