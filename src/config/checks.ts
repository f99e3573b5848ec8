import type { ExporterResources } from '../core/profile.ts';
import { didYouMean } from '../core/problem.ts';
import { parseQuantity, sameQuantity } from '../core/quantity.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../profiles/index.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';

/**
 * What a schema cannot say. Takes data that the schema may have refused, so that all problems come at once: what has
 * another type than it should is passed over here, the schema has said so.
 */
export function check(data: unknown): Finding[] {
  if (!isRecord(data)) return [];
  return [
    ...reservedPrefix(data['annotationPrefix']),
    ...profile(data['defaultProfile']),
    ...exporters(data['exporters']),
  ];
}

/** Prefixes whose keys mean something to others: Prometheus' own, and those that Kubernetes reserves for itself. */
const RESERVED = ['prometheus.io', 'prometheus.istio.io', 'kubernetes.io', 'k8s.io', 'k8s.grafana.com'];

function reservedPrefix(prefix: unknown): Finding[] {
  if (typeof prefix !== 'string') return [];
  const taken = RESERVED.find((reserved) => prefix === reserved || prefix.endsWith(`.${reserved}`));
  if (taken === undefined) return [];
  const message = `${shown(prefix)} belongs to others (${taken}); use a name of your own such as podscrape.dev`;
  return [{ path: ['annotationPrefix'], of: 'value', message }];
}

function profile(name: unknown): Finding[] {
  const known = BUILT_IN_PROFILES.map((row) => row.name);
  if (typeof name !== 'string' || name === '' || known.includes(name)) return [];
  return [
    {
      path: ['defaultProfile'],
      of: 'value',
      message: `unknown profile ${shown(name)}; known are ${known.join(', ')}`,
      ...didYouMean(name, known),
    },
  ];
}

function exporters(settings: unknown): Finding[] {
  if (!isRecord(settings)) return [];
  const known = BUILT_IN_EXPORTERS.map((row) => row.name);
  return Object.entries(settings).flatMap(([name, given]): Finding[] => {
    const exporter = BUILT_IN_EXPORTERS.find((row) => row.name === name);
    if (exporter === undefined) {
      const message = `unknown exporter; known are ${known.join(', ')}`;
      return [{ path: ['exporters', name], of: 'key', message, ...didYouMean(name, known) }];
    }
    return isRecord(given) ? resources(name, given, exporter.resources) : [];
  });
}

/** A request above its limit would make the apiserver refuse every Pod with the sidecar. */
function resources(
  exporter: string,
  given: Readonly<Record<string, unknown>>,
  defaults: ExporterResources,
): Finding[] {
  const rows = [
    { request: 'cpuRequest', limit: 'cpuLimit' },
    { request: 'memoryRequest', limit: 'memoryLimit' },
  ] as const;
  return rows.flatMap(({ request, limit }): Finding[] => {
    const asked = given[request] ?? defaults[request];
    const most = given[limit] ?? defaults[limit];
    if (typeof asked !== 'string' || typeof most !== 'string') return [];
    if (sameQuantity(asked, most) || !((parseQuantity(asked) ?? NaN) > (parseQuantity(most) ?? NaN)))
      return [];
    // Said of the key that the file sets; the other one may be a default.
    const blamed = request in given ? request : limit;
    const of = (key: typeof request | typeof limit, value: string): string =>
      `${key} ${value}${key in given ? '' : ' (the default)'}`;
    const message = `${of(request, asked)} is more than ${of(limit, most)}; a request must not exceed its limit`;
    return [{ path: ['exporters', exporter, blamed], of: 'value', message }];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
