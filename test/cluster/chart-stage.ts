import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { build } from '../../scripts/build.ts';
import { CHART, helm, valuesFile } from '../chart/helm.ts';
import type { Rendered, Values } from '../chart/helm.ts';
import { certificates, folder } from '../chart/support.ts';
import type { KubeObject } from './client.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { startKubelet } from './kubelet/kubelet.ts';
import type { Kubelet } from './kubelet/kubelet.ts';
import type { Pod } from './kubelet/types.ts';
import type { RunResult } from './processes.ts';

export const NAMESPACE = 'monitoring';

/** An image that does nothing, for long. */
export const SLEEPER = 'example.test/sleeper:1';

/** A request as the API server's audit log has it. */
export interface Audited {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
    readonly namespace?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A control plane whose API server calls the Pods behind a Service, and a kubelet that knows podscrape's image. */
export class ChartStage {
  readonly plane: ControlPlane;
  readonly kubelet: Kubelet;
  readonly #auditLog: string;

  private constructor(plane: ControlPlane, kubelet: Kubelet, auditLog: string) {
    this.plane = plane;
    this.kubelet = kubelet;
    this.#auditLog = auditLog;
  }

  static async start(): Promise<ChartStage> {
    const auditLog = join(folder, `audit-${process.hrtime.bigint()}.log`);
    const policy = join(folder, 'audit-policy.yaml');
    writeFileSync(policy, AUDIT_POLICY);
    const plane = await startControlPlane({
      extraApiserverArgs: [
        // There is no kube-proxy: webhooks are called at the addresses of ready Pods.
        '--enable-aggregator-routing=true',
        `--audit-policy-file=${policy}`,
        `--audit-log-path=${auditLog}`,
        '--audit-log-mode=blocking',
      ],
    });
    try {
      // The image's one file: it is found wherever the checkout lies, and starts as fast as the image does.
      const bundle = join(folder, 'podscrape.js');
      await build(bundle);
      const images = {
        'podscrape/podscrape': { entrypoint: [process.execPath, bundle] },
        [SLEEPER]: { entrypoint: ['/bin/sleep', '1000'] },
      };
      return new ChartStage(plane, await startKubelet(plane, { images }), auditLog);
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.kubelet.stop();
    await this.plane.stop();
  }

  /** Helm with the rights of an administrator. Errors: its words, unless `allowFailure`. */
  async helm(args: readonly string[], allowFailure = false): Promise<RunResult> {
    const result = await helm([...args, '-n', NAMESPACE], { KUBECONFIG: this.plane.kubeconfig });
    if (result.code !== 0 && !allowFailure) {
      throw new Error(`helm ${args.join(' ')}: ${result.stderr}\n${await this.#troubles()}`);
    }
    return result;
  }

  /** `helm upgrade --install`, and waits until everything is ready. */
  async deploy(values: Values, chart: string = CHART): Promise<void> {
    const args = ['upgrade', '--install', 'podscrape', chart, '-f', valuesFile(values)];
    await this.helm([...args, '--wait', '--timeout', '120s']);
  }

  /** podscrape's Pods that are not about to go. */
  async pods(): Promise<readonly Pod[]> {
    const selector = encodeURIComponent('app.kubernetes.io/component=webhook');
    const { body } = await this.plane.request<{ items: readonly Pod[] }>(
      'GET',
      `/api/v1/namespaces/${NAMESPACE}/pods?labelSelector=${selector}`,
    );
    return body.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  logs(pod: string): string {
    return this.kubelet.logs(NAMESPACE, pod, 'podscrape');
  }

  /** A webhook configuration. */
  async configuration(kind: 'mutating' | 'validating'): Promise<Rendered> {
    const name = kind === 'mutating' ? '00-podscrape' : 'podscrape';
    const group = '/apis/admissionregistration.k8s.io/v1';
    return (await this.plane.request<Rendered>('GET', `${group}/${kind}webhookconfigurations/${name}`)).body;
  }

  /** Makes podscrape's own namespace, with a certificate in a Secret. Resolves to the values that use it. */
  async prepare(labels: Record<string, string> = {}): Promise<Values> {
    await this.plane.createNamespace(NAMESPACE, labels);
    const { ca, cert, key } = await certificates(`podscrape.${NAMESPACE}.svc`);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mine' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': cert, 'tls.key': key },
    };
    const path = `/api/v1/namespaces/${NAMESPACE}/secrets`;
    const { status, body } = await this.plane.request('POST', path, secret);
    if (status !== 201) throw new Error(body.message);
    return { certificates: { mode: 'secret', secretName: 'mine', caBundle: ca } };
  }

  /** What the API server answers to a Pod. */
  create(namespace: string, meta: object = {}, query = '?dryRun=All') {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'app-', ...meta },
      spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
    };
    return this.plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);
  }

  /** Waits until a Pod that asks is injected: the whole way, from the API server to a Pod of podscrape's and back. */
  untilInjected(namespace = 'default'): Promise<unknown> {
    return this.plane.waitFor(
      'a Pod to be injected',
      async () => {
        const { body, warnings } = await this.create(namespace, ASKS);
        if (body.metadata?.annotations?.['prometheus.io/scrape'] === 'true') return true;
        throw new Error(`${JSON.stringify(body).slice(0, 500)} ${warnings.join()}`);
      },
      { timeoutMs: 60_000 },
    );
  }

  /** What has been asked of the API server so far. */
  audited(): readonly Audited[] {
    const lines = readFileSync(this.#auditLog, 'utf8').split('\n');
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Audited);
  }

  /** Why Pods may not be ready, for the message of a failed wait. */
  async #troubles(): Promise<string> {
    const pods = await this.pods();
    return pods
      .map(({ metadata, status }) => {
        const states = JSON.stringify(status?.containerStatuses?.map(({ state }) => state));
        try {
          return `${metadata.name} ${states}\n${this.logs(metadata.name).slice(-2000)}`;
        } catch {
          return `${metadata.name} ${states}`;
        }
      })
      .join('\n');
  }
}

export const ASKS = { annotations: { 'podscrape.dev/profile': 'http' } };

/** All that podscrape asks, and what is deleted by anybody. */
const AUDIT_POLICY = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
    userGroups: ['system:serviceaccounts:${NAMESPACE}']
  - level: Metadata
    users: [admin]
    verbs: [delete, deletecollection]
  - level: None
`;

/** Everything in the cluster, by kind, namespace and name, but for what comes and goes by itself. */
export async function everything(plane: ControlPlane): Promise<readonly string[]> {
  const { stdout } = await plane.kubectl(['api-resources', '--verbs=list', '-o', 'name']);
  const names = stdout.split('\n').filter((name) => name !== '' && !/^(events|componentstatuses)/.test(name));
  const listed = await plane.kubectl(['get', names.join(','), '-A', '-o', 'json', '--ignore-not-found']);
  const { items = [] } = JSON.parse(listed.stdout || '{}') as KubeObject;
  return items
    .map(({ kind, metadata }) => `${kind} ${metadata?.namespace ?? ''}/${metadata?.name}`)
    .filter((line) => !/^Lease kube-(node-lease|system)\//.test(line))
    .sort();
}
