import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ApiResponse } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';
import { P, ROWS } from './wild-pods.ts';

describe('Pods as found in the wild', await requireCluster('Pods in the wild'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook();
    await register(plane, webhook);
    await plane.createNamespace('without', { [`${P}/inject`]: 'disabled' });
    await plane.createNamespace('given', { [`${P}/inject`]: 'enabled' });
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const row of ROWS) {
    it(row.what, async () => {
      const without = await create('without', row.pod);
      assert.equal(without.status, 201, JSON.stringify(without.body));
      const given = await create('given', row.pod);
      assert.equal(given.status, 201, JSON.stringify(given.body));
      assert.equal(summaryOf(without.body, given), row.expected);
    });
  }

  const create = (namespace: string, object: object): Promise<ApiResponse<PodObject>> =>
    plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods`, object);
});

/**
 * What podscrape did, read from the Pods that the apiserver made without and with it: the annotated port, what was
 * declared or named in the owner's containers, containers added; or why nothing was.
 */
function summaryOf(without: PodObject, { body, warnings }: ApiResponse<PodObject>): string {
  const { annotations = {} } = body.metadata;
  const status = annotations[`${P}/status`];
  if (status === undefined) return ['untouched', ...warnings].join('; ');
  const { outcome, reason } = JSON.parse(status) as { readonly outcome: string; readonly reason: string };
  if (outcome !== 'injected') return `${outcome}: ${reason}`;
  const owners = new Set(containersOf(without).map(({ name }) => name));
  const added = containersOf(body).flatMap(({ name }) => (owners.has(name) ? [] : [name]));
  const native = (body.spec.initContainers ?? []).map(({ name }) => name);
  const before = portsOf(without);
  const ports = [...portsOf(body)].filter(([place]) => owners.has(place.slice(0, place.indexOf('/'))));
  const named = ports.filter(([place, name]) => before.has(place) && before.get(place) !== name);
  const { qosClass } = (body as { status?: { qosClass?: string } }).status ?? {};
  return [
    `port ${annotations['prometheus.io/port'] ?? 'none'}`,
    ...ports.flatMap(([place, name]) => (before.has(place) ? [] : [`declared ${place} ${name}`])),
    ...named.map(([place, name]) => `named ${place} ${name}`),
    ...added.map((name) => `added ${name}${native.includes(name) ? ' (native)' : ''}`),
    ...(qosClass === 'Guaranteed' ? [qosClass] : []),
  ].join('; ');
}

function containersOf({ spec }: PodObject): PodObject['spec']['containers'] {
  return [...spec.containers, ...(spec.initContainers ?? [])];
}

/** `container/number/protocol`, and the name; of a number declared twice the last. */
function portsOf(object: PodObject): ReadonlyMap<string, string> {
  const entries = containersOf(object).flatMap(({ name: container, ports = [] }) =>
    ports.map(
      ({ containerPort, protocol, name = '' }) =>
        [`${container}/${containerPort}/${protocol}`, name] as const,
    ),
  );
  return new Map(entries);
}
