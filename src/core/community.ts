import { own } from './pod.ts';
import type { StringMap } from './kubernetes.ts';

/** The annotations that the community's scrape configurations read: `prometheus.io/scrape` and its family. */
export const COMMUNITY_PREFIX = 'prometheus.io';

/** One community annotation as the Pod has it. */
export interface CommunityValue {
  /** The key that counts: the slash form when both are there. */
  readonly key: string;
  readonly text: string;
  /** Both spellings are there; Prometheus makes one meta label of them and picks a value at random. */
  readonly slash: string | undefined;
  readonly dotted: string | undefined;
}

/** `prometheus.io/NAME`, or `prometheus.io.NAME`, which Prometheus cannot tell from it. */
export function communityValue(
  annotations: StringMap | null | undefined,
  name: string,
): CommunityValue | undefined {
  const slash = own(annotations, `${COMMUNITY_PREFIX}/${name}`);
  const dotted = own(annotations, `${COMMUNITY_PREFIX}.${name}`);
  const text = slash ?? dotted;
  if (text === undefined) return undefined;
  return { key: `${COMMUNITY_PREFIX}${slash === undefined ? '.' : '/'}${name}`, text, slash, dotted };
}

/** The parameters set through `prometheus.io/param_NAME`, in the Pod's order. */
export function communityParams(
  annotations: StringMap | null | undefined,
): ReadonlyMap<string, CommunityValue> {
  const params = new Map<string, CommunityValue>();
  for (const key of Object.keys(annotations ?? {})) {
    const name = /^prometheus\.io[./]param_([A-Za-z0-9_]+)$/.exec(key)?.[1];
    const value = name === undefined ? undefined : communityValue(annotations, `param_${name}`);
    if (name !== undefined && value !== undefined) params.set(name, value);
  }
  return params;
}

/** `true` or `false` in any case; undefined for everything else. */
export function parseScrape(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}
