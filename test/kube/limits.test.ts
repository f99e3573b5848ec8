import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, test } from 'node:test';
import type { TestContext } from 'node:test';

import type { NamespaceLimits } from '../../src/core/namespace-limits.ts';
import { readLimitRange, readQuota, startLimitWatch } from '../../src/kube/limits.ts';
import type { LimitResource } from '../../src/core/namespace-limits.ts';
import type { LimitWatch } from '../../src/kube/limits.ts';
import { keptLog, QUICK, until } from './support.ts';

interface Stored {
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** An API server with LimitRanges and ResourceQuotas, which may refuse either. */
async function apiServer(t: TestContext, stored: Readonly<Record<LimitResource, readonly Stored[]>>) {
  const refused = new Set<string>();
  const watchers = new Map<string, ServerResponse>();
  const accepted: string[] = [];
  let version = 1;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
    const resource = pathname.slice('/api/v1/'.length);
    accepted.push(`${resource} ${request.headers.accept ?? ''}`);
    if (refused.has(resource)) {
      response.writeHead(403, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ message: `cannot list resource "${resource}"` }));
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    if (searchParams.get('watch') !== 'true') {
      const items = stored[resource as LimitResource];
      return void response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items }));
    }
    response.flushHeaders();
    watchers.set(resource, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const tell = (resource: LimitResource, type: string, object: Stored): void => {
    const metadata = { ...object.metadata, resourceVersion: String(++version) };
    watchers.get(resource)?.write(`${JSON.stringify({ type, object: { ...object, metadata } })}\n`);
  };
  const { port } = server.address() as AddressInfo;
  const api = { url: `http://127.0.0.1:${port}`, source: 'the test', credentials: async () => ({}) };
  return { api, refused, watchers, accepted, tell };
}

/** A watch on it, which ends with the test. */
function watched(t: TestContext, { api }: Awaited<ReturnType<typeof apiServer>>) {
  const log = keptLog();
  const synced: string[] = [];
  const watch: LimitWatch = startLimitWatch({
    server: api,
    log,
    onSync: (resource, objects) => synced.push(`${resource} ${objects}`),
    times: QUICK,
    random: () => 0,
  });
  t.after(() => watch.stop());
  return { watch, log, synced };
}

const range = (
  namespace: string,
  name: string,
  max: string,
  type = 'Container',
): Stored & Readonly<Record<string, unknown>> => ({
  metadata: { namespace, name },
  spec: { limits: [{ type, max: { cpu: max, 'ephemeral-storage': '1Gi' } }] },
});
const quota = (
  namespace: string,
  name: string,
  used: string,
  hard: object = { pods: '5' },
): Stored & Readonly<Record<string, unknown>> => ({
  metadata: { namespace, name },
  spec: { hard },
  status: { hard, used: { pods: used } },
});

test('lists and follows both, by namespace, in the order of their names', async (t) => {
  const stored = {
    limitranges: [range('shop', 'b', '1'), range('shop', 'a', '2'), range('bank', 'a', '3')],
    resourcequotas: [quota('shop', 'pods', '1')],
  };
  const fake = await apiServer(t, stored);
  const { watch, synced, log } = watched(t, fake);
  assert.equal(watch.get('shop'), undefined);
  await until('both are listed', () => synced.length === 2);
  assert.deepEqual([...synced].sort(), ['limitranges 3', 'resourcequotas 1']);
  assert.deepEqual(watch.get('shop'), {
    ranges: [
      { name: 'a', limits: [{ type: 'Container', max: { cpu: '2' } }] },
      { name: 'b', limits: [{ type: 'Container', max: { cpu: '1' } }] },
    ],
    quotas: [{ name: 'pods', hard: { pods: '5' }, used: { pods: '1' } }],
  });
  assert.equal(watch.get('bank')?.quotas?.length, 0);
  assert.equal(watch.get('elsewhere'), undefined);
  await until('both are watched', () => fake.watchers.size === 2);
  fake.tell('resourcequotas', 'MODIFIED', quota('shop', 'pods', '2'));
  await until('the usage is known', () => watch.get('shop')?.quotas?.[0]?.used?.['pods'] === '2');
  fake.tell('limitranges', 'DELETED', range('bank', 'a', '3'));
  await until('nothing is left', () => watch.get('bank') === undefined);
  fake.tell('limitranges', 'MODIFIED', range('shop', 'b', '1', 'PersistentVolumeClaim'));
  await until('one is about Pods', () => watch.get('shop')?.ranges?.length === 1);
  fake.tell('limitranges', 'ADDED', range('bank', 'new', '4'));
  await until('it has come', () => watch.get('bank')?.ranges?.[0]?.name === 'new');
  assert.deepEqual(log.lines, []);
});

test('asks for whole objects', async (t) => {
  const fake = await apiServer(t, { limitranges: [], resourcequotas: [] });
  watched(t, fake);
  await until('both are watched', () => fake.watchers.size === 2);
  const asked = ['limitranges application/json', 'resourcequotas application/json'];
  assert.deepEqual([...fake.accepted].sort(), [...asked, ...asked].sort());
});

test('without the right to one of them the other is known, and the log says so once with the remedy', async (t) => {
  const fake = await apiServer(t, { limitranges: [range('shop', 'a', '1')], resourcequotas: [] });
  fake.refused.add('resourcequotas');
  const { watch, log } = watched(t, fake);
  const attempts = (): number => fake.accepted.filter((each) => each.startsWith('resourcequotas')).length;
  await until('it was refused often', () => attempts() >= 4 && watch.get('shop') !== undefined);
  assert.equal(watch.get('shop')?.ranges?.length, 1);
  const [line, ...more] = log.at('warn');
  assert.deepEqual(more, []);
  assert.equal(line?.reason, 'status 403: cannot list resource "resourcequotas"');
  assert.equal(line.hint, 'bind a ClusterRole that allows list and watch on resourcequotas to that user');
  fake.refused.clear();
  await until('it is allowed', () => fake.watchers.size === 2);
});

describe('of an object is kept', () => {
  const metadata = { name: 'a', namespace: 'shop' };
  const ranges: readonly (readonly [what: string, spec: unknown, kept: unknown])[] = [
    ['no LimitRange without limits', {}, undefined],
    ['no LimitRange without a spec', undefined, undefined],
    [
      'nothing of storage',
      { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] },
      undefined,
    ],
    [
      'all about cpu and memory',
      { limits: [{ type: 'Pod', min: { cpu: '1' }, maxLimitRequestRatio: { memory: '2', 'x/y': '1' } }] },
      { name: 'a', limits: [{ type: 'Pod', min: { cpu: '1' }, maxLimitRequestRatio: { memory: '2' } }] },
    ],
  ];
  for (const [what, spec, kept] of ranges)
    it(what, () =>
      assert.deepEqual(readLimitRange({ metadata, spec } as { metadata: typeof metadata }), kept),
    );

  const quotas: readonly (readonly [what: string, object: object, kept: NamespaceLimits['quotas']])[] = [
    ['no quota of services', { spec: { hard: { services: '1' } } }, []],
    ['no empty quota', {}, []],
    [
      'the hard figures of the spec, where the status has none yet',
      { spec: { hard: { cpu: '1', services: '1' } } },
      [{ name: 'a', hard: { cpu: '1' }, used: {} }],
    ],
    [
      'the figures of the status, by which the apiserver goes',
      { spec: { hard: { cpu: '2' } }, status: { hard: { cpu: '1' }, used: { cpu: '100m', services: '1' } } },
      [{ name: 'a', hard: { cpu: '1' }, used: { cpu: '100m' } }],
    ],
    [
      'every scope',
      {
        spec: {
          hard: { pods: '1' },
          scopes: ['BestEffort'],
          scopeSelector: {
            matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['x'] }],
          },
        },
      },
      [
        {
          name: 'a',
          hard: { pods: '1' },
          used: {},
          scopes: [
            { scopeName: 'BestEffort', operator: 'Exists' },
            { scopeName: 'PriorityClass', operator: 'In', values: ['x'] },
          ],
        },
      ],
    ],
  ];
  for (const [what, object, kept] of quotas)
    it(what, () => assert.deepEqual([readQuota({ metadata, ...object }) ?? []].flat(), kept));
});
