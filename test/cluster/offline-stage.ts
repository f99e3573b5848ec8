import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { runOn } from '../commands/run.ts';
import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { run } from './processes.ts';

const root = join(import.meta.dirname, '../..');

export const CHART = join(import.meta.dirname, 'charts/shop');

/** Manifests with the namespaces that they are for. */
export interface Source {
  readonly name: string;
  readonly text: string;
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Every example, with its namespaces under another name where several tests need it. */
export function examples(prefix = ''): readonly Source[] {
  const folder = join(root, 'examples');
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return files.map((name) => {
    const text = readFileSync(join(folder, name), 'utf8').replace(
      /(kind: Namespace\nmetadata:\n {2}name: | {2}namespace: )(?=\S+$)/gm,
      `$1${prefix}`,
    );
    const namespaces = objectsOf(text).filter(({ kind }) => kind === 'Namespace');
    const entries = namespaces.map(({ metadata = {} }) => [metadata.name ?? '', metadata.labels ?? {}]);
    return {
      name: `examples/${name}`,
      text,
      namespaces: Object.fromEntries(entries) as Source['namespaces'],
    };
  });
}

/** The chart of these tests as `helm template` renders it. */
export async function rendered(helm: string, namespace: string, ...flags: string[]): Promise<Source> {
  const { code, stdout, stderr } = await run(helm, ['template', 'shop', CHART, '-n', namespace, ...flags]);
  if (code !== 0) throw new Error(`helm template: ${stderr}`);
  return { name: 'a chart', text: stdout, namespaces: { [namespace]: {} } };
}

/** `podscrape inject` or `uninject` on a text, in this process. Errors: its exit code is not 0. */
export async function podscrape(
  command: 'inject' | 'uninject',
  text: string,
  ...flags: string[]
): Promise<string> {
  const { code, stdout, stderr } = await runOn(text, command, '-f', '-', ...flags);
  if (code !== 0) throw new Error(`podscrape ${command}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** The objects of a stream, those of Lists too. */
export function objectsOf(text: string): readonly KubeObject[] {
  const documents = parseAllDocuments(text).map((document) => document.toJS() as KubeObject | null);
  return documents.flatMap((object) => object?.items ?? (object === null ? [] : [object]));
}

const RESOURCES = {
  deployments: 'apps/v1',
  statefulsets: 'apps/v1',
  daemonsets: 'apps/v1',
  jobs: 'batch/v1',
  cronjobs: 'batch/v1',
} as const;

interface Live extends KubeObject {
  readonly metadata: NonNullable<KubeObject['metadata']> & { readonly generation: number };
  readonly status: { readonly observedGeneration?: number };
}

/** A workload as it stands in the cluster. */
export interface Standing {
  readonly generation: number;
  readonly template: unknown;
  /** How many templates it has had, as far as its kind keeps count. */
  readonly revisions: number;
}

/** The workloads of namespaces that nothing controls, once their controllers have seen them: `cronjobs/report`. */
export function standing(
  plane: ControlPlane,
  { namespaces }: Source,
): Promise<Readonly<Record<string, Standing>>> {
  return plane.waitFor('the controllers to have seen every workload', async () => {
    const found: Record<string, Standing> = {};
    for (const namespace of Object.keys(namespaces)) {
      const entries = Object.entries(RESOURCES);
      const live = await Promise.all(entries.map(([name, group]) => list(plane, group, namespace, name)));
      // Read after the workloads: what has been seen of those is there by then.
      const kept = await Promise.all(
        ['replicasets', 'controllerrevisions'].map((name) => list(plane, 'apps/v1', namespace, name)),
      );
      const owners = kept.flat().map(({ metadata }) => metadata.ownerReferences?.[0]?.uid);
      for (const [index, [resource, group]] of entries.entries()) {
        for (const { metadata, spec, status } of live[index] ?? []) {
          if (metadata.ownerReferences !== undefined) continue;
          const { generation } = metadata;
          const revisions = owners.filter((uid) => uid === metadata.uid).length;
          const isSeen = status.observedGeneration === generation && revisions > 0;
          if (group === 'apps/v1' && !isSeen) return false;
          found[`${resource}/${metadata.name}`] = { generation, template: templateOf(spec), revisions };
        }
      }
    }
    return found;
  });
}

function templateOf(spec: KubeObject['spec']): unknown {
  const { spec: inner } = (spec?.['jobTemplate'] ?? { spec }) as { spec: { template?: unknown } };
  return inner.template;
}

/** The pod templates of objects, as {@link standing} names them. */
export function templatesIn(objects: readonly KubeObject[]): Readonly<Record<string, unknown>> {
  const named = objects.map(
    ({ kind, metadata, spec }) => [`${kind?.toLowerCase()}s/${metadata?.name}`, templateOf(spec)] as const,
  );
  return Object.fromEntries(named.filter(([, template]) => template !== undefined));
}

async function list(
  plane: ControlPlane,
  group: string,
  namespace: string,
  resource: string,
): Promise<readonly Live[]> {
  const path = `/apis/${group}/namespaces/${namespace}/${resource}`;
  return (await plane.request<{ readonly items?: readonly Live[] }>('GET', path)).body.items ?? [];
}

/** What `kubectl apply --dry-run=server` makes of each workload and Pod, without what is new in every run. */
export async function dryRun(plane: ControlPlane, text: string): Promise<readonly KubeObject[]> {
  const args = ['apply', '--dry-run=server', '-o', 'json', '-f', '-'];
  const { stdout } = await plane.kubectl(args, { stdin: text });
  const { items = [] } = JSON.parse(stdout) as KubeObject;
  return items
    .filter(({ kind = '' }) => !['Namespace', 'Service', 'ConfigMap'].includes(kind))
    .map(
      (object) =>
        JSON.parse(
          JSON.stringify(object, (key, value: unknown) =>
            VARYING.includes(key) ? undefined : value,
          ).replace(/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-RANDOM'),
        ) as KubeObject,
    );
}

const VARYING = ['uid', 'creationTimestamp', 'batch.kubernetes.io/controller-uid', 'controller-uid'];
