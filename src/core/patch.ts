import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import type { Pod } from './kubernetes.ts';

export type Patch = readonly Operation[];

/** The JSON Patch (RFC 6902) that turns `before` into `after`; shared branches cost nothing. */
export function makePatch(before: Pod, after: Pod): Patch {
  return before === after ? [] : fastJsonPatch.compare(before, after);
}
