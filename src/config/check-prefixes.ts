import { DEFAULTS } from './defaults.ts';
import type { Data } from './data.ts';
import { entriesOf, repeated } from './data.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';

/** Prefixes whose keys mean something to others: Prometheus' own, and those that Kubernetes reserves for itself. */
const RESERVED = ['prometheus.io', 'prometheus.istio.io', 'kubernetes.io', 'k8s.io', 'k8s.grafana.com'];

/** Those of them that no scraper reads, so that they are no dialect either. */
const NO_DIALECT = ['prometheus.istio.io', 'kubernetes.io', 'k8s.io'];

function owner(prefix: string, reserved: readonly string[]): string | undefined {
  return reserved.find((name) => prefix === name || prefix.endsWith(`.${name}`));
}

/** That podscrape's own keys get into nobody's way. */
export function annotationPrefix(prefix: unknown): Finding[] {
  if (typeof prefix !== 'string') return [];
  const taken = owner(prefix, RESERVED);
  if (taken === undefined) return [];
  const message = `${shown(prefix)} belongs to others (${taken}); use a name of your own such as podscrape.dev`;
  return [{ path: ['annotationPrefix'], of: 'value', message }];
}

/** That each dialect is one, and there once. */
export function dialects(file: Data): Finding[] {
  const rows = entriesOf(file['dialects'], ['dialects']).flatMap(({ path, data: { prefix } }) =>
    typeof prefix === 'string' ? [{ path: [...path, 'prefix'], prefix }] : [],
  );
  const ours = file['annotationPrefix'] ?? DEFAULTS.annotationPrefix;
  const wrong = rows.flatMap(({ path, prefix }): Finding[] => {
    const message = because(prefix, ours);
    return message === undefined ? [] : [{ path, of: 'value', message }];
  });
  const twice = repeated(rows, ({ prefix }) => prefix).map(({ path, prefix }): Finding => {
    return { path, of: 'value', message: `${shown(prefix)} is there twice; one entry a prefix` };
  });
  return [...wrong, ...twice];
}

function because(prefix: string, ours: unknown): string | undefined {
  if (prefix === 'prometheus.io')
    return 'prometheus.io is written anyway; leave the entry out, and where it is not wanted set instead: true on another one';
  if (prefix === ours)
    return `${shown(prefix)} is the annotationPrefix, where podscrape’s own keys are; scrapers need another prefix`;
  const taken = owner(prefix, NO_DIALECT);
  return taken === undefined
    ? undefined
    : `${shown(prefix)} belongs to others (${taken}); no scraper reads it`;
}
