import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { startOtherWebhook } from '../other-webhook.ts';
import type { Mutation, OtherWebhook } from '../other-webhook.ts';
import { assertClaims, assertOnce, containersOf, ONCE, pass } from '../passes.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const ADDED = { name: 'added', image: 'example.com/added:1' };
const WITH_PORTS = { ...ADDED, ports: [{ name: 'metrics', containerPort: 9999 }] };

const PLACES: readonly (readonly [title: string, mutate: Mutation])[] = [
  ['a container at the end', () => [{ op: 'add', path: '/spec/containers/-', value: ADDED }]],
  ['a container at the front', () => [{ op: 'add', path: '/spec/containers/0', value: ADDED }]],
  [
    'a container with a metrics port at the front',
    () => [{ op: 'add', path: '/spec/containers/0', value: WITH_PORTS }],
  ],
  [
    'an init container at the front',
    ({ spec }) => {
      const value = [ADDED, ...(spec.initContainers ?? [])];
      return [{ op: 'add', path: '/spec/initContainers', value }];
    },
  ],
];

const PROFILES = ['http', 'gunicorn', 'statsd', 'spring-boot, gunicorn'];

describe('row 18: another webhook adds containers after us', await requireCluster('other webhooks'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('shop');
    webhook = await startWebhook();
    await register(plane, webhook);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const [place, mutate] of PLACES) {
    describe(`adds ${place}`, () => {
      let adder: OtherWebhook;
      before(async () => {
        const once: Mutation = (pod) =>
          containersOf(pod).some(({ name }) => name === ADDED.name) ? [] : mutate(pod);
        const options = { name: 'zz-adder', reinvocationPolicy: 'IfNeeded', label: 'zz' } as const;
        adder = await startOtherWebhook(plane, options, once);
      });
      after(() => adder.stop());

      for (const restartPolicy of ['Always', 'Never']) {
        for (const profile of PROFILES) {
          it(`${profile}, restartPolicy ${restartPolicy}: nothing of ours comes twice or goes`, async () => {
            const name = `${profile.replace(', ', '-')}-${restartPolicy.toLowerCase()}`;
            const { pod, passes } = await pass(plane, webhook, {
              namespace: 'shop',
              name,
              annotations: { 'podscrape.dev/profile': profile },
              labels: { zz: 'true' },
              spec: { restartPolicy },
            });
            const [seen] = adder.seen.filter(({ metadata }) => metadata.name === name);
            assert.ok(seen);
            assert.deepEqual(passes, ONCE);
            assert.deepEqual(
              containersOf(pod).filter((container) => container.name !== ADDED.name),
              containersOf(seen),
            );
            assert.deepEqual(pod.metadata.annotations, seen.metadata.annotations);
            assertOnce(pod);
            assertClaims(pod, [ADDED.name]);
          });
        }
      }
    });
  }
});
