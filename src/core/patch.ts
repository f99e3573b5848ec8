import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import { COMMUNITY_PREFIX } from './community.ts';
import type { Pod } from './kubernetes.ts';
import { selfCheck } from './self-check.ts';

/** RFC 6902 operations. */
export type Patch = readonly Operation[];

/** A patch that must not be sent: a bug in podscrape, found before it could reject somebody's Pod. */
export class SelfCheckError extends Error {
  override readonly name = 'SelfCheckError';
}

/**
 * The JSON Patch that turns `before` into `after`; shared branches cost nothing. It is checked against the object
 * before it leaves, because the apiserver rejects a Pod over a bad patch whatever the failurePolicy says.
 *
 * @param prefix podscrape's annotation prefix
 * @param dialects the families of scrapers' annotations that may be written
 * @throws SelfCheckError when the patch does not apply, takes something of the owner's or breaks the Pod
 */
export function makePatch(
  before: Pod,
  after: Pod,
  prefix: string,
  dialects: readonly string[] = [COMMUNITY_PREFIX],
): Patch {
  if (before === after) return [];
  const patch = fastJsonPatch.compare(before, after);
  const fault = selfCheck(before, patch, after, prefix, dialects);
  if (fault !== undefined) throw new SelfCheckError(fault);
  return patch;
}
