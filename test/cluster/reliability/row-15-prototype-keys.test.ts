import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook, temporaryDirectory } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const PRELOADED = join(import.meta.dirname, 'watch-prototype.ts');

const POD = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' }, annotations: { 'podscrape.dev/profile': 'gunicorn' } },
  spec: {
    automountServiceAccountToken: false,
    nodeSelector: { disk: 'ssd' },
    containers: [
      {
        name: 'web',
        image: 'example.com/web:1',
        env: [{ name: 'A', value: 'b' }],
        resources: { limits: { cpu: '1' } },
      },
    ],
  },
});

/** Texts of the Pod before which the keys are put. */
const PLACES = [
  '"apiVersion"',
  '"name":"web","labels"',
  '"app"',
  '"podscrape.dev/profile"',
  '"automountServiceAccountToken"',
  '"disk"',
  '"name":"web","image"',
  '"name":"A"',
  '"cpu"',
];
const KEYS = [
  '"__proto__":{"polluted":"yes"},',
  '"__proto__":"yes",',
  '"\\u005f_proto__":"yes",',
  '"constructor":{"prototype":{"polluted":"yes"}},',
  '"constructor":"yes",',
  '"toString":"yes","hasOwnProperty":"yes","valueOf":"yes",',
];

describe('row 15: __proto__ and constructor anywhere', await requireCluster('keys of prototypes'), () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'prototype.json');
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook({
      directory,
      config: 'server: {drainSeconds: 0}\n',
      nodeArgs: ['--import', PRELOADED],
      env: { PROTOTYPE_FILE: file },
    });
    await register(plane, webhook, ['--failure-policy', 'Fail']);
    await plane.createNamespace('without', { 'podscrape.dev/inject': 'disabled' });
    await plane.createNamespace('given');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const place of PLACES) {
    it(`before ${place}: the verdict is that without us, in the same words`, async () => {
      for (const keys of KEYS) {
        const text = POD.replace(place, () => keys + place);
        assert.notEqual(text, POD);
        const [without, given] = await Promise.all([verdict('without', text), verdict('given', text)]);
        assert.equal(given, without, keys);
      }
    });
  }

  it('afterwards Pods are injected as before', async () => {
    const { body } = await create('given', POD);
    assert.equal(body.metadata.annotations?.['prometheus.io/scrape'], 'true');
    assert.deepEqual(body.spec.containers.map(({ name }) => name).sort(), ['statsd-exporter', 'web']);
  });

  it('and Object.prototype has gained nothing', async () => {
    await webhook.stop('SIGTERM');
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), []);
  });

  function create(namespace: string, text: string) {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    return plane.request<PodObject & { message?: string }>('POST', path, text);
  }

  async function verdict(namespace: string, text: string): Promise<string> {
    const { status, body } = await create(namespace, text);
    return `${status} ${body.message ?? ''}`;
  }
});
