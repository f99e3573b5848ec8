import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { Manifest } from './gitops-reconcilers.ts';

/** What Git says: at first, after a commit that asks for something else, and after one that asks for nothing. */
export type Commit = 'asked' | 'changed' | 'removed';

export const P = 'podscrape.dev';
const EXAMPLES = join(import.meta.dirname, '../../examples');

/** What the policy's namespace is called by. */
export const POLICY_LABELS = { [`${P}/inject`]: 'enabled', stage: 'gitops' };

/** Of the policy; its default profile is for what asks for nothing. */
export const POLICY = {
  name: 'gitops',
  namespaceSelector: { matchLabels: { stage: 'gitops' } },
  mode: 'warn',
  defaultProfile: 'http',
  conventions: { allowedPorts: { ranges: ['8000-8999'], severity: 'warn' } },
};

interface Asks {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

interface Row {
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'CronJob';
  /** On the workload's own metadata. */
  readonly asks?: Partial<Record<Commit, Asks>>;
  /** On the pod template, whatever the commit. */
  readonly template?: Asks;
  readonly templateAsks?: Partial<Record<Commit, Asks>>;
  readonly env?: readonly object[];
}

const same = (asks: Asks): Partial<Record<Commit, Asks>> => ({ asked: asks, changed: asks });
const annotated = (key: string, value: string): Asks => ({ annotations: { [`${P}/${key}`]: value } });

/** Ways to ask, that Git changes and takes back. */
export const ROWS: readonly Row[] = [
  {
    name: 'annotated',
    kind: 'Deployment',
    asks: { asked: annotated('port', '8080'), changed: annotated('port', '9090') },
  },
  {
    // A sidecar at first, and none then.
    name: 'labelled',
    kind: 'Deployment',
    asks: {
      asked: { labels: { [`${P}/inject`]: 'enabled', [`${P}/profile`]: 'statsd' } },
      changed: { labels: { [`${P}/inject`]: 'enabled', [`${P}/profile`]: 'http' } },
    },
  },
  {
    // A variable of Git's own is extended.
    name: 'gunicorn',
    kind: 'Deployment',
    asks: same(annotated('profile', 'gunicorn')),
    env: [{ name: 'GUNICORN_CMD_ARGS', value: '--workers=3' }],
  },
  {
    // Annotations of Git's own that no scraper reads are made readable.
    name: 'spelt',
    kind: 'Deployment',
    asks: same(annotated('port', '8080')),
    template: { annotations: { 'prometheus.io/scrape': 'True' } },
  },
  { name: 'stateful', kind: 'StatefulSet', templateAsks: same(annotated('profile', 'statsd')) },
  { name: 'nightly', kind: 'CronJob', asks: same(annotated('profile', 'statsd')) },
];

/** In the policy's namespace, where a namespace asks for all. */
export const UNDER_POLICY: readonly Row[] = [
  { name: 'silent', kind: 'Deployment' },
  { name: 'off-convention', kind: 'Deployment', asks: { asked: annotated('port', '9100') } },
];

function manifest({ name, kind, asks, template, templateAsks, env }: Row, commit: Commit): Manifest {
  const labels = { app: name };
  const pod = {
    metadata: {
      ...joined(template, templateAsks?.[commit]),
      labels: { ...labels, ...templateAsks?.[commit]?.labels },
    },
    spec: {
      containers: [
        { name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }], ...(env && { env }) },
      ],
    },
  };
  const metadata = { name, ...asks?.[commit] };
  if (kind === 'CronJob') {
    const spec = { ...pod.spec, restartPolicy: 'Never' };
    const jobTemplate = { spec: { template: { ...pod, spec } } };
    return { apiVersion: 'batch/v1', kind, metadata, spec: { schedule: '0 0 1 1 *', jobTemplate } };
  }
  const spec = { replicas: 1, selector: { matchLabels: labels }, template: pod };
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata,
    spec: kind === 'StatefulSet' ? { ...spec, serviceName: name } : spec,
  };
}

function joined(one: Asks = {}, other: Asks = {}): object {
  const annotations = { ...one.annotations, ...other.annotations };
  return Object.keys(annotations).length > 0 ? { annotations } : {};
}

/** The repository at a commit; in a second namespace what a policy governs. */
export function git(commit: Commit, namespace: string): readonly Manifest[] {
  return [
    ...[...examples(), ...ROWS.map((row) => manifest(row, commit))].map((one) => within(one, namespace)),
    ...UNDER_POLICY.map((row) => within(manifest(row, 'asked'), `${namespace}-policy`)),
  ];
}

/** The rows alone. */
export function rowsAt(commit: Commit, namespace: string): readonly Manifest[] {
  return ROWS.map((row) => within(manifest(row, commit), namespace));
}

function within(object: Manifest, namespace: string): Manifest {
  return { ...object, metadata: { ...object.metadata, namespace } };
}

function examples(): readonly Manifest[] {
  return readdirSync(EXAMPLES)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8')))
    .map((document) => document.toJS() as Manifest)
    .filter(({ kind = '' }) => ['Deployment', 'StatefulSet', 'CronJob'].includes(kind));
}
