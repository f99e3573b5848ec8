import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { LIMITS } from '../../../src/webhook/limits.ts';
import { review } from '../../webhook/support.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { sendTo } from './edge.ts';
import { podThatAsks } from './load.ts';

const DEPTHS = [10, 100, 1_000, 10_000, 90_000, 1_000_000];

/** Where the depth is, as a text of the review that it takes the place of, and whether that leaves a review. */
const PLACES: readonly (readonly [what: string, place: string, status: 200 | 400])[] = [
  ['the review', '', 400],
  ['the request’s kind', '{"group":"","version":"v1","kind":"Pod"}', 400],
  ['the object', '{"apiVersion":"v1"', 200],
  ['the annotations', '{"podscrape.dev/port":"8080"}', 200],
  ['an annotation', '"8080"', 200],
  ['the containers', '[{"name":"web","image":"web:1"}]', 200],
];

describe('row 14: JSON of any depth', await requireCluster('deep JSON'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook();
    await register(plane, webhook, ['--failure-policy', 'Fail']);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const [what, place, status] of PLACES) {
    for (const [kind, open, close] of [
      ['lists', '[', ']'],
      ['objects', '{"a":', '}'],
    ] as const) {
      it(`${kind} in ${what}, ${DEPTHS[0]} to ${DEPTHS.at(-1)} deep: ${status}, then 413, and no crash`, async () => {
        for (const depth of DEPTHS) {
          const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
          const reply = await sendTo(webhook, { body: bodyWith(place, nested) });
          assert.equal(
            reply.status,
            depth > LIMITS.bodyValues ? 413 : status,
            `${depth} deep: ${reply.text}`,
          );
          if (reply.status === 200) assert.match(reply.text, /"uid":"f0a1","allowed":true/);
        }
      });
    }
  }

  it('afterwards Pods are injected, by the same process', async () => {
    const path = '/api/v1/namespaces/default/pods?dryRun=All';
    const { body } = await plane.request<PodObject>('POST', path, podThatAsks(0));
    assert.equal(body.metadata.annotations?.['prometheus.io/scrape'], 'true');
    webhook.process.assertAlive();
  });
});

function bodyWith(place: string, nested: string): string {
  if (place === '') return nested;
  const text = JSON.stringify(review());
  assert.ok(text.includes(place), place);
  // The object keeps what it has, and gets a field that nobody knows.
  if (place.startsWith('{"apiVersion"')) return text.replace(place, () => `{"x":${nested},${place.slice(1)}`);
  return text.replace(place, () => nested);
}
