import { join } from 'node:path';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import type { RunResult } from './processes.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';
import type { Says } from './workload-manifests.ts';
import { manifests } from './workload-manifests.ts';

/** How workloads are applied, each way in a namespace of its own. */
export const FLOWS = [
  { how: 'client-side', flags: [], labels: {} },
  { how: 'server-side', flags: ['--server-side'], labels: {} },
  { how: 'namespace', flags: [], labels: { 'podscrape.dev/inject': 'enabled' } },
] as const;

/** Where nothing is ever touched: its templates are what they would be without podscrape. */
export const UNTOUCHED = 'untouched';
/** Has its workloads before the webhook is registered. */
export const LATE = 'late';
/** Has workloads that ask; their templates are never changed. */
export const STEADY = 'steady';

export type ProfileName = 'statsd' | 'http';

/** Asks on the workload's own metadata, by annotation and label, and for a detail on the template. */
export const asks = (profile: ProfileName): Says => ({
  annotations: { 'podscrape.dev/profile': profile },
  labels: { 'podscrape.dev/inject': 'enabled' },
  template: DETAIL,
});
export const DETAIL = { annotations: { 'podscrape.dev/interval': '30s' } };

/** What is asked in the namespaces where the manifests do not change. */
export const LASTING: Says = {
  ...asks('statsd'),
  jobTemplate: { annotations: { 'podscrape.dev/timeout': '7s' } },
};

/** A control plane with a node for DaemonSets, the namespaces of the shared tests, and the webhook. */
export interface Stage {
  readonly plane: ControlPlane;
  readonly webhook: () => Webhook;
  /** `kubectl apply` of a list of manifests. */
  readonly apply: (namespace: string, stdin: string, ...flags: readonly string[]) => Promise<RunResult>;
  /** Ends the webhook and starts it with another configuration, under the same registration. */
  readonly restart: (config: string) => Promise<void>;
  /** Registers the webhook anew, by the configuration that it has. */
  readonly registerAgain: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export async function startStage(config: string, crd?: object): Promise<Stage> {
  const plane = await startControlPlane();
  let webhook = await startWebhook({ config });
  const registerAgain = () => register(plane, webhook, ['--config', join(webhook.certDir, 'podscrape.yaml')]);
  const apply = (namespace: string, stdin: string, ...flags: readonly string[]) =>
    plane.kubectl(['apply', '-n', namespace, ...flags, '-f', '-'], { stdin });
  if (crd !== undefined) {
    await plane.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(crd) });
    await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  }
  // No kubelet is there, but DaemonSets make a Pod for a node without the taint that new ones get.
  await plane.request('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node' },
  });
  await plane.request('PATCH', '/api/v1/nodes/node', { spec: { taints: null } });
  await Promise.all([
    ...FLOWS.map(({ how, labels }) => plane.createNamespace(how, labels)),
    plane.createNamespace(LATE),
    plane.createNamespace(STEADY),
    plane.createNamespace(UNTOUCHED, { 'podscrape.dev/inject': 'disabled' }),
  ]);
  await apply(LATE, manifests(LASTING));
  await registerAgain();
  await apply(UNTOUCHED, manifests({ template: DETAIL }));
  await apply(STEADY, manifests(LASTING));
  return {
    plane,
    webhook: () => webhook,
    apply,
    restart: async (changed) => {
      await webhook.stop();
      webhook = await startWebhook({ like: webhook, config: changed });
    },
    registerAgain,
    stop: async () => {
      await webhook.stop();
      await plane.stop();
    },
  };
}
