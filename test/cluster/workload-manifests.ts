import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';

/** What the tests know of a kind, apart from what the product knows of it. */
export interface WorkloadRow {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resource: string;
  /** Where the pod template stands. */
  readonly template: string;
  /** Something in the spec that has nothing to do with the template. */
  readonly unrelated: Readonly<Record<string, unknown>>;
  /** `kubectl scale` and `kubectl rollout restart` know the kind. */
  readonly scales?: true;
  readonly restarts?: true;
  /** Its controller reports the generation that it has seen. */
  readonly observed?: true;
  /** The template never changes after creation. */
  readonly immutable?: true;
  /** The resource with one object for each template that the workload has had. */
  readonly revisions?: string;
}

const row = (kind: string, more: Partial<WorkloadRow> = {}): WorkloadRow => ({
  kind,
  apiVersion: 'apps/v1',
  resource: `${kind.toLowerCase()}s`,
  template: 'spec.template',
  unrelated: { minReadySeconds: 1 },
  ...more,
});

const HISTORY = 'controllerrevisions';

export const ROWS: readonly WorkloadRow[] = [
  row('Deployment', { scales: true, restarts: true, observed: true, revisions: 'replicasets' }),
  row('StatefulSet', { scales: true, restarts: true, observed: true, revisions: HISTORY }),
  row('DaemonSet', { restarts: true, observed: true, revisions: HISTORY }),
  row('ReplicaSet', { scales: true, observed: true }),
  row('ReplicationController', { apiVersion: 'v1', scales: true, observed: true }),
  row('Job', { apiVersion: 'batch/v1', unrelated: { activeDeadlineSeconds: 9999 }, immutable: true }),
  row('CronJob', {
    apiVersion: 'batch/v1',
    unrelated: { startingDeadlineSeconds: 9999 },
    template: 'spec.jobTemplate.spec.template',
  }),
];

/** An Argo-Rollouts-like kind, for the configuration. */
export const ROLLOUT = row('Rollout', { apiVersion: 'argoproj.io/v1alpha1' });

export const ROLLOUT_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'rollouts.argoproj.io' },
  spec: {
    group: 'argoproj.io',
    names: { kind: 'Rollout', plural: 'rollouts' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};

export interface Keys {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a manifest says beyond the least that its kind needs. */
export interface Says extends Keys {
  readonly template?: Keys;
  /** Of a CronJob. */
  readonly jobTemplate?: Keys;
  readonly env?: readonly { readonly name: string; readonly value: string }[];
}

/** The workload's name is its kind in lower case, which its Pods have as the label `app`. */
export function nameOf({ kind }: WorkloadRow): string {
  return kind.toLowerCase();
}

export function manifest(
  row: WorkloadRow,
  { template: keys, jobTemplate, env, ...metadata }: Says = {},
): object {
  const name = nameOf(row);
  const labels = { app: name };
  const ends = row.apiVersion === 'batch/v1';
  const template = {
    metadata: { ...keys, labels: { ...labels, ...keys?.labels } },
    spec: {
      ...(ends && { restartPolicy: 'Never' }),
      containers: [
        { name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }], ...(env && { env }) },
      ],
    },
  };
  return {
    apiVersion: row.apiVersion,
    kind: row.kind,
    // Without any label a ReplicationController would be given its template's.
    metadata: { name, ...metadata, labels: { ...labels, ...metadata.labels } },
    spec: specOf(row, template, labels, jobTemplate),
  };
}

function specOf({ kind }: WorkloadRow, template: object, labels: object, jobTemplate?: Keys): object {
  switch (kind) {
    case 'ReplicationController':
      return { selector: labels, template };
    case 'Job':
      return { template };
    case 'CronJob': {
      const metadata = jobTemplate === undefined ? {} : { metadata: jobTemplate };
      return { schedule: '0 0 1 1 *', jobTemplate: { ...metadata, spec: { template } } };
    }
    case 'StatefulSet':
      return { serviceName: 'none', selector: { matchLabels: labels }, template };
    default:
      return { selector: { matchLabels: labels }, template };
  }
}

/** Of every row, as one document for kubectl. */
export function manifests(says: Says | ((row: WorkloadRow) => Says), rows = ROWS): string {
  const items = rows.map((row) => manifest(row, typeof says === 'function' ? says(row) : says));
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

/** `deployments/deployment`, as kubectl takes it. */
export function names(rows: readonly WorkloadRow[]): readonly string[] {
  return rows.map((row) => `${row.resource}.${group(row)}/${nameOf(row)}`);
}

function group({ apiVersion }: WorkloadRow): string {
  return apiVersion === 'v1' ? '' : apiVersion.replace(/^(.*)\/(.*)$/, '$2.$1');
}

/** The path of the workload in the API, or of another object of its group. */
export function pathOf({ apiVersion, resource }: WorkloadRow, namespace: string, name?: string): string {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return `${root}/namespaces/${namespace}/${resource}${name === undefined ? '' : `/${name}`}`;
}

export type Template = Pick<PodObject, 'spec'> & { readonly metadata: Keys };

/** A workload as it stands in the cluster. */
export interface Seen {
  readonly generation: number;
  readonly template: Template;
  /** How many templates it has had, as far as its kind keeps count. */
  readonly revisions: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** By kind. */
export type AllSeen = Readonly<Record<string, Seen>>;

type Live = KubeObject & {
  readonly metadata: { readonly generation: number };
  readonly status?: { readonly observedGeneration?: number };
};

/** Every workload of a namespace, once the controllers have dealt with its latest generation. */
export function see(plane: ControlPlane, namespace: string, rows = ROWS): Promise<AllSeen> {
  return plane.waitFor(`the controllers to have seen ${namespace}`, async () => {
    const all = await Promise.all(rows.map((row) => seeOne(plane, namespace, row)));
    if (all.includes(undefined)) return false;
    return Object.fromEntries(all.map((seen, index) => [rows[index]?.kind ?? '', seen as Seen]));
  });
}

async function seeOne(plane: ControlPlane, namespace: string, row: WorkloadRow): Promise<Seen | undefined> {
  const { body } = await plane.request<Live>('GET', pathOf(row, namespace, nameOf(row)));
  const { generation, annotations = {} } = body.metadata;
  if (row.observed && body.status?.observedGeneration !== generation) return undefined;
  return {
    generation,
    annotations,
    template: templateIn(row, body),
    revisions: (await revisionsOf(plane, namespace, row)).length,
  };
}

/** The revision objects that the workload controls. */
export async function revisionsOf(
  plane: ControlPlane,
  namespace: string,
  row: WorkloadRow,
): Promise<readonly KubeObject[]> {
  if (row.revisions === undefined) return [];
  const { body } = await plane.request('GET', pathOf({ ...row, resource: row.revisions }, namespace));
  return (body.items ?? []).filter(({ metadata }) =>
    metadata?.ownerReferences?.some(({ kind, name }) => kind === row.kind && name === nameOf(row)),
  );
}

/** The pod template; the uid that a Job's has in its labels is the same in all. */
export function templateIn({ template }: WorkloadRow, object: unknown): Template {
  const found = template
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], object);
  return JSON.parse(JSON.stringify(found).replace(/"[0-9a-f]{8}-[0-9a-f-]{27}"/g, '"UID"')) as Template;
}

/** One thing of each workload, by kind. */
export function each<K extends keyof Seen>(seen: AllSeen, key: K): Record<string, Seen[K]> {
  return Object.fromEntries(Object.entries(seen).map(([kind, one]) => [kind, one[key]]));
}
