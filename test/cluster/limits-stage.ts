import type { ApiResponse, KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';

/** Resources of a container as JSON. */
export interface Figures {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** A Pod of which tests read containers, record and class. */
export interface LimitedPod extends KubeObject {
  readonly spec: {
    readonly containers: readonly { readonly name: string; readonly resources?: Figures }[];
    readonly [field: string]: unknown;
  };
  readonly status?: { readonly qosClass?: string };
}

/** What binds the Pods of a namespace. */
export interface Limits {
  /** Each the `limits` of one LimitRange. */
  readonly ranges?: readonly (readonly object[])[];
  /** Each the `spec` of one ResourceQuota. */
  readonly quotas?: readonly object[];
}

export const STATSD = { 'podscrape.dev/profile': 'http, statsd' };

/** A Pod of one container with these resources; without annotations the webhook is never called. */
export function limitedPod(
  resources: Figures | undefined,
  annotations: object | undefined,
  spec: object = {},
): object {
  const containers = [{ name: 'web', image: 'example.com/web:1', ...(resources && { resources }) }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'web-', ...(annotations && { annotations }) },
    spec: { automountServiceAccountToken: false, containers, ...spec },
  };
}

/** The container that podscrape added, or undefined. */
export function exporterOf(pod: LimitedPod): LimitedPod['spec']['containers'][number] | undefined {
  return pod.spec.containers.find(({ name }) => name === 'statsd-exporter');
}

/** Sets limits and waits until apiserver and webhook know them. */
export class LimitStage {
  readonly #plane: ControlPlane;
  #markers = 0;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** Errors: the apiserver refuses one of the objects. */
  async limit(namespace: string, limits: Limits): Promise<void> {
    for (const object of objectsOf(limits)) {
      const { status, body } = await this.#create(namespace, object);
      if (status !== 201) throw new Error(`${object.kind} in ${namespace}: ${body.message ?? status}`);
    }
  }

  /** Whether the apiserver would take them. */
  async accepts(namespace: string, limits: Limits): Promise<boolean> {
    for (const object of objectsOf(limits)) {
      if ((await this.#create(namespace, object, '?dryRun=All')).status !== 201) return false;
    }
    return true;
  }

  create(namespace: string, pod: object, dry: boolean): Promise<ApiResponse<LimitedPod>> {
    const query = dry ? '?dryRun=All' : '';
    return this.#plane.request<LimitedPod>('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);
  }

  /**
   * Resolves when all that was set before is known to both. Each of them follows one watch a resource, so that who knows
   * of a later object knows of the earlier ones; quotas count from their status on.
   */
  async settled(): Promise<void> {
    await this.#plane.waitFor('the quotas to be counted', async () => {
      const { body } = await this.#plane.request<{
        items: { spec: object; status?: { hard?: object; used?: object } }[];
      }>('GET', '/api/v1/resourcequotas');
      return body.items.every(({ status }) => status?.hard !== undefined && status.used !== undefined);
    });
    const number = this.#markers++;
    const name = `marker-${number}`;
    await this.#plane.createNamespace(name);
    const cpu = `${200 + number}m`;
    const limits = [{ type: 'Container', min: { cpu }, default: { cpu: '900m' } }];
    const quota = { hard: { 'limits.memory': '1Gi' } };
    await this.limit(name, { ranges: [limits], quotas: [quota] });
    const figures = (memory: string): Figures => ({
      requests: { cpu: '900m', memory },
      limits: { cpu: '900m', memory },
    });
    await this.#plane.waitFor(
      'limits to be known',
      async () => {
        const small = await this.create(name, limitedPod(figures('1Mi'), STATSD), true);
        const large = await this.create(name, limitedPod(figures('1000Mi'), STATSD), true);
        const over = await this.create(name, limitedPod(figures('2Gi'), undefined), true);
        return (
          exporterOf(small.body)?.resources?.requests?.['cpu'] === cpu &&
          large.status === 201 &&
          exporterOf(large.body) === undefined &&
          over.status === 403
        );
      },
      { timeoutMs: 60_000 },
    );
  }

  #create(
    namespace: string,
    { path, kind, name, spec }: LimitObject,
    query = '',
  ): Promise<ApiResponse<KubeObject>> {
    const object = { apiVersion: 'v1', kind, metadata: { name }, spec };
    return this.#plane.request('POST', `/api/v1/namespaces/${namespace}/${path}${query}`, object);
  }
}

interface LimitObject {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly spec: object;
}

function objectsOf({ ranges = [], quotas = [] }: Limits): readonly LimitObject[] {
  return [
    ...ranges.map((limits, index) => ({
      path: 'limitranges',
      kind: 'LimitRange',
      name: `range-${index}`,
      spec: { limits },
    })),
    ...quotas.map((spec, index) => ({
      path: 'resourcequotas',
      kind: 'ResourceQuota',
      name: `quota-${index}`,
      spec,
    })),
  ];
}
