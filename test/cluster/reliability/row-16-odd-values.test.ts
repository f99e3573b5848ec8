import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import type { PodContainer, PodObject } from '../pods.ts';
import { requireCluster } from '../require.ts';
import { register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';

const P = 'podscrape.dev';
const VALUES = [
  ...[
    '8080\n',
    '80\r\n90',
    '80\u000080',
    '\u0000',
    '８０８０',
    '٨٠٨٠',
    '80;',
    '1e3',
    '-1',
    '65536',
    '0x50',
    ' ',
  ],
  ...[
    '80; proxy_pass http://evil',
    '/metrics;\nlisten 1',
    '"; } location / { return 200',
    '$host',
    '\u202e80',
  ],
  ...['__proto__', '[', '{"a":1}', '- port: 1e3', '*alias'],
];
const KEYS = [
  'port',
  'path',
  'scheme',
  'profile',
  'container',
  'params',
  'targets',
  'scrape-interval',
  'inject',
];

describe('row 16: odd values of annotations', await requireCluster('odd values'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook();
    await register(plane, webhook, ['--failure-policy', 'Fail']);
    await plane.createNamespace('without', { [`${P}/inject`]: 'disabled' });
    await plane.createNamespace('given', { [`${P}/inject`]: 'enabled' });
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const key of KEYS) {
    it(`${P}/${key}: accepted, a warning or a use, and nothing is changed but what is podscrape’s`, async () => {
      let warned = 0;
      for (const value of VALUES) {
        const annotations = { [`${P}/profile`]: 'gunicorn', [`${P}/${key}`]: value };
        const [without, given] = await Promise.all([
          create('without', annotations),
          create('given', annotations),
        ]);
        const what = JSON.stringify(value);
        assert.equal(without.status, 201, what);
        assert.equal(given.status, 201, `${what}: ${JSON.stringify(given.body)}`);
        assert.deepEqual(foreign(given.body), foreign(without.body), what);
        if (given.warnings.length > 0) warned += 1;
        else assert.ok(saysWhy(given.body), `${what}: neither warning nor record`);
      }
      // Some values are right for some keys: a path may have quotes, a container no such name.
      assert.ok(warned > VALUES.length / 2, `${warned} of ${VALUES.length} warned`);
    });
  }

  function create(namespace: string, annotations: Record<string, string>) {
    const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
    const containers = [{ name: 'web', image: 'example.com/web:1', env: [{ name: 'A', value: 'b' }] }];
    return plane.request<PodObject>('POST', path, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', annotations },
      spec: { automountServiceAccountToken: false, containers },
    });
  }
});

/** The annotations that podscrape writes, whatever it is asked. */
const OWN =
  /^(prometheus\.io\/.*|podscrape\.dev\/(status|mapping)|kubectl\.kubernetes\.io\/default-container)$/;

/** What is not podscrape's of a Pod: without its annotations and sidecars, and what it may add to a container. */
function foreign({ metadata, spec }: PodObject): unknown {
  const others = Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN.test(key));
  const owners = (list: readonly PodContainer[] = []) =>
    list
      .filter(({ name }) => name === 'web')
      .map((container) => ({
        ...container,
        ports: undefined,
        env: container.env?.filter(({ name }) => name === 'A'),
      }));
  return {
    labels: metadata.labels,
    annotations: Object.fromEntries(others),
    spec: { ...spec, initContainers: undefined, containers: owners(spec.containers), volumes: undefined },
  };
}

/** The record in the Pod tells of the value, or the Pod was left alone. */
function saysWhy({ metadata }: PodObject): boolean {
  const status = metadata.annotations?.[`${P}/status`];
  return status === undefined || /"outcome":"(injected|skipped)"/.test(status);
}
