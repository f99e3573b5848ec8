import type { EngineConfig } from './engine-config.ts';
import { originalAnnotations } from './istio.ts';
import type { Pod, StringMap } from './kubernetes.ts';
import { own } from './pod.ts';

/** The annotations that the community's scrape configurations read: `prometheus.io/scrape` and its family. */
export const COMMUNITY_PREFIX = 'prometheus.io';

/** Grafana's k8s-monitoring has keys of its own under this prefix (its feature-annotation-autodiscovery). */
export const GRAFANA_PREFIX = 'k8s.grafana.com';

/** One community annotation as the Pod has it. */
export interface CommunityValue {
  /** The key that counts: the slash form when both are there. */
  readonly key: string;
  readonly text: string;
  /** Both spellings are there; Prometheus makes one meta label of them and picks a value at random. */
  readonly slash: string | undefined;
  readonly dotted: string | undefined;
}

/** `PREFIX/NAME`, or `PREFIX.NAME`, which Prometheus cannot tell from it. */
export function communityValue(
  annotations: StringMap | null | undefined,
  name: string,
  prefix: string,
): CommunityValue | undefined {
  const slash = own(annotations, `${prefix}/${name}`);
  const dotted = own(annotations, `${prefix}.${name}`);
  const text = slash ?? dotted;
  if (text === undefined) return undefined;
  return { key: `${prefix}${slash === undefined ? '.' : '/'}${name}`, text, slash, dotted };
}

/** The parameters set through `PREFIX/param_NAME`, in the Pod's order. */
export function communityParams(
  annotations: StringMap | null | undefined,
  prefix: string,
): ReadonlyMap<string, CommunityValue> {
  const params = new Map<string, CommunityValue>();
  for (const key of Object.keys(annotations ?? {})) {
    if (!key.startsWith(`${prefix}/`) && !key.startsWith(`${prefix}.`)) continue;
    const name = /^param_([A-Za-z0-9_]+)$/.exec(key.slice(prefix.length + 1))?.[1];
    const value = name === undefined ? undefined : communityValue(annotations, `param_${name}`, prefix);
    if (name !== undefined && value !== undefined) params.set(name, value);
  }
  return params;
}

/** What the Pod's owner said in the community's way, whatever family it was said in and whatever Istio made of it. */
export interface Community {
  value(name: 'scrape' | 'scheme' | 'path' | 'port'): CommunityValue | undefined;
  params(): ReadonlyMap<string, CommunityValue>;
}

/** Prefixes of families that are spelt like `prometheus.io`, which always counts as a layer of the request. */
export function communityPrefixes({ dialects }: Pick<EngineConfig, 'dialects'>): readonly string[] {
  return [
    COMMUNITY_PREFIX,
    ...dialects.map(({ prefix }) => prefix).filter((prefix) => prefix !== GRAFANA_PREFIX),
  ];
}

/** The first family that says something wins, value by value; an empty value says nothing. */
export function readCommunity(pod: Pod, config: Pick<EngineConfig, 'dialects'>): Community {
  const annotations = originalAnnotations(pod);
  const prefixes = communityPrefixes(config);
  return {
    value: (name) => {
      const all = prefixes.flatMap((prefix) => communityValue(annotations, name, prefix) ?? []);
      // Templates leave empty values behind, and no scraper's rule matches one.
      return all.find(({ text }) => text.trim() !== '') ?? all[0];
    },
    params: () => {
      const all = prefixes.map((prefix) => communityParams(annotations, prefix));
      return all.find((params) => params.size > 0) ?? new Map();
    },
  };
}

/** `true` or `false` in any case; undefined for everything else. */
export function parseScrape(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}
