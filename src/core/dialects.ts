import { COMMUNITY_PREFIX, GRAFANA_PREFIX } from './community.ts';
import type { Target } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';

/** Of the part of an annotation's key after the slash (apimachinery's IsQualifiedName). */
const LONGEST_KEY = 63;

/** What one family of annotations should say, by name under its prefix. */
export interface Family {
  readonly prefix: string;
  readonly wanted: ReadonlyMap<string, string>;
}

/** The prefixes of the families that are written: `prometheus.io` unless another one stands instead of it. */
export function writtenPrefixes({ dialects }: Pick<EngineConfig, 'dialects'>): readonly string[] {
  const others = dialects.map(({ prefix }) => prefix);
  return dialects.some(({ instead }) => instead) ? others : [COMMUNITY_PREFIX, ...others];
}

/**
 * What a family says of the targets. With several targets and no primary one, only what holds for all of them.
 *
 * @param merging whether Istio points `prometheus.io` at its agent
 */
export function family(
  prefix: string,
  targets: readonly Target[],
  primary: Target | undefined,
  merging: boolean,
): Family {
  const wanted = new Map<string, string>([['scrape', 'true']]);
  const speaks = primary ?? targets[0];
  if (speaks === undefined) return { prefix, wanted };
  const grafana = prefix === GRAFANA_PREFIX;
  const name = (attribute: string): string => (grafana ? `metrics.${attribute}` : attribute);
  const shared = (of: (target: Target) => unknown): boolean =>
    primary !== undefined ||
    targets.every((target) => JSON.stringify(of(target)) === JSON.stringify(of(speaks)));
  // Istio's agent serves http, whatever the application speaks; without the annotation scrapers take http too.
  const agents = merging && prefix === COMMUNITY_PREFIX && speaks.scheme === 'https';
  if (!agents && shared(({ scheme }) => scheme)) wanted.set(name('scheme'), speaks.scheme);
  if (shared(({ path }) => path)) wanted.set(name('path'), speaks.path);
  if (primary !== undefined && !grafana) wanted.set('port', String(primary.port));
  if (grafana) addGrafana(wanted, speaks, primary, shared);
  if (shared(({ params }) => params)) {
    for (const [param, value] of speaks.params) {
      const key = `${name('param')}_${param}`;
      if (key.length <= LONGEST_KEY) wanted.set(key, value);
    }
  }
  return { prefix, wanted };
}

/** Port, container and times, which Grafana's rules read from annotations and `prometheus.io` has none for. */
function addGrafana(
  wanted: Map<string, string>,
  speaks: Target,
  primary: Target | undefined,
  shared: (of: (target: Target) => unknown) => boolean,
): void {
  if (primary !== undefined) {
    wanted.set('metrics.portNumber', String(primary.port));
    if (primary.portName !== undefined) wanted.set('metrics.portName', primary.portName);
    wanted.set('metrics.container', primary.container);
  }
  const times = [
    ['metrics.scrapeInterval', 'interval'],
    ['metrics.scrapeTimeout', 'timeout'],
  ] as const;
  for (const [name, attribute] of times) {
    if (speaks[attribute] !== 'inherit' && shared((target) => target[attribute]))
      wanted.set(name, speaks[attribute]);
  }
}
