import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { get, register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const COUNT = 300;
/** Requests under way at any time: Pods, and new labels beside them. */
const PODS_IN_FLIGHT = 6;
const LABELS_IN_FLIGHT = 4;

/** The path that each team's default profile scrapes. */
const PATHS = { a: '/metrics', b: '/actuator/prometheus' } as const;
type Team = keyof typeof PATHS;

const CONFIG = `
policies:
  - {name: a, namespaceSelector: {matchLabels: {team: a}}, defaultProfile: http}
  - {name: b, namespaceSelector: {matchLabels: {team: b}}, defaultProfile: spring-boot}
`;

describe(`${COUNT} namespaces under load`, await requireCluster('namespaces under load'), () => {
  const names = Array.from({ length: COUNT }, (_, index) => `load-${index}`);
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    const labels = { 'podscrape.dev/inject': 'enabled', team: 'a' };
    await each(names, 16, (name) => plane.createNamespace(name, labels));
    webhook = await startWebhook({ config: CONFIG, kubeconfig: plane.kubeconfig });
    await register(plane, webhook, ['--config', webhook.configFile]);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('while they move to team b under load, each follows, and once; then no decision is wrong', async () => {
    assert.equal(await pathIn(names[COUNT - 1] ?? ''), PATHS.a);
    const seen = names.map((): (string | undefined)[] => []);
    let moved = 0;
    let moving = true;
    // Pods where a move has just been and where one is about to be; a namespace has one Pod at a time.
    const load = async (worker: number): Promise<void> => {
      for (let turn = 0; moving; turn++) {
        const group = Math.floor(moved / PODS_IN_FLIGHT) - 3 + (turn % 6);
        const index = (group * PODS_IN_FLIGHT + worker + COUNT) % COUNT;
        const path = await pathIn(names[index] ?? '');
        seen[index]?.push(path);
      }
    };
    const loads = Array.from({ length: PODS_IN_FLIGHT }, (_, worker) => load(worker));
    const moves = await each(names, LABELS_IN_FLIGHT, async (name) => {
      const one = await move(name, 'b');
      moved += 1;
      return one;
    });
    await caughtUp(moves, 'b');
    moving = false;
    await Promise.all(loads);

    assert.deepEqual(await wrong(names, 'b'), []);
    assert.deepEqual(new Set(seen.flat()), new Set(Object.values(PATHS)));
    const back = seen.filter(
      (paths) => paths.includes(PATHS.b) && paths.lastIndexOf(PATHS.a) > paths.indexOf(PATHS.b),
    );
    assert.deepEqual(back, []);
  });

  it('kube-apiserver restarts: what was known stays, and a later label is followed', async () => {
    await plane.restartApiserver();
    assert.equal((await get(webhook.healthPort, '/readyz')).status, 200);
    await plane.waitFor('the apiserver to call the webhook', async () => {
      return (await pathIn(names[1] ?? '')) === PATHS.b;
    });
    const version = await move(names[0] ?? '', 'a');
    await caughtUp([version], 'a');
    const some = names.filter((_, index) => index % 10 === 0);
    assert.deepEqual(await wrong(some, 'b'), [`${names[0] ?? ''} ${PATHS.a}`]);
  });

  it('let every Pod through by decision, never by failure', async () => {
    const { body } = await get(webhook.healthPort, '/metrics');
    assert.match(body, /^podscrape_admission_failed_open_total\{stage="inject"\} 0$/m);
    assert.doesNotMatch(body, /^podscrape_admission_failed_open_total.* [^0]/m);
  });

  /** The scrape path of a Pod that asks for nothing, dry; undefined where it was let through as it came. */
  async function pathIn(namespace: string): Promise<string | undefined> {
    const spec = {
      automountServiceAccountToken: false,
      containers: [{ name: 'web', image: 'example.com/web:1' }],
    };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec };
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const { status, body } = await plane.request<PodObject>('POST', path, pod);
    assert.equal(status, 201, JSON.stringify(body));
    return body.metadata.annotations?.['prometheus.io/path'];
  }

  /** Gives a namespace to a team; the resourceVersion tells the order in which all of them were given. */
  async function move(name: string, team: Team): Promise<{ name: string; version: number }> {
    const path = `/api/v1/namespaces/${name}`;
    const { status, body } = await plane.request('PATCH', path, { metadata: { labels: { team } } });
    assert.equal(status, 200, JSON.stringify(body));
    return { name, version: Number(body.metadata?.resourceVersion) };
  }

  /**
   * Resolves when podscrape decides by the last of these moves. A watch sends changes in the order of their
   * resourceVersions, so that it has then seen all the others too.
   */
  async function caughtUp(moves: readonly { name: string; version: number }[], team: Team): Promise<void> {
    const last = moves.reduce((latest, one) => (one.version > latest.version ? one : latest));
    await plane.waitFor(`${last.name} to be team ${team}’s`, async () => {
      return (await pathIn(last.name)) === PATHS[team];
    });
  }

  /** Those of the namespaces with Pods that are not the team's, and what these got. */
  async function wrong(where: readonly string[], team: Team): Promise<readonly string[]> {
    const paths = await each(where, PODS_IN_FLIGHT, async (name) => ({ name, path: await pathIn(name) }));
    return paths.filter(({ path }) => path !== PATHS[team]).map(({ name, path }) => `${name} ${path ?? ''}`);
  }
});

/** Does the work for every item, so many at a time; results in the order of the items. */
async function each<T, R>(
  items: readonly T[],
  inFlight: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return results;
}
