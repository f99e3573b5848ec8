import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { review } from '../../webhook/support.ts';
import type { ControlPlane } from '../control-plane.ts';
import { startControlPlane } from '../control-plane.ts';
import { requireCluster } from '../require.ts';
import { waitFor } from '../wait.ts';
import { get, register, startWebhook } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { sendTo } from './edge.ts';

const P = 'podscrape.dev';
const CANARY = 'CANARY-7f3a';

/** Annotations that hold the canary, most of them in a way that podscrape has to complain about. */
const REQUESTS: readonly Readonly<Record<string, string>>[] = [
  { [`${P}/profile`]: 'gunicorn', 'example.com/token': CANARY },
  { [`${P}/profile`]: CANARY },
  { [`${P}/port`]: CANARY },
  { [`${P}/path`]: `${CANARY}\n` },
  { [`${P}/params`]: `token=${CANARY}` },
  { [`${P}/targets`]: `{${CANARY}: [` },
  { [`${P}/targets`]: `[{port: 1, ${CANARY}: 2}]` },
  { [`${P}/container`]: CANARY },
  { [`${P}/profile`]: 'statsd', [`${P}/statsd-mapping`]: `mappings: [${CANARY}` },
  { [`${P}/prot`]: CANARY },
];

describe('row 22: canaries in env, args and annotations, at debug', await requireCluster('canaries'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    webhook = await startWebhook({ config: 'logging: {level: debug}\n' });
    await register(plane, webhook, ['--failure-policy', 'Fail']);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  it('no line holds one: Pods and Deployments, right and wrong, through the apiserver', async () => {
    for (const [index, annotations] of REQUESTS.entries()) {
      const metadata = { name: `canary-${index}`, annotations };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: SPEC };
      const { status, body } = await plane.request('POST', '/api/v1/namespaces/default/pods', pod);
      assert.equal(status, 201, JSON.stringify(body));
      const deployed = await plane.request('POST', '/apis/apps/v1/namespaces/default/deployments', {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' }, annotations }, spec: SPEC },
        },
      });
      assert.equal(deployed.status, 201, JSON.stringify(deployed.body));
    }
    const decisions = (await webhook.decided()).filter(({ msg }) => msg === 'decision');
    assert.ok(decisions.length >= REQUESTS.length, `${decisions.length} decisions`);
    assertSilent();
  });

  it('no line holds one: bodies that are no review, cut off, or not JSON', async () => {
    const whole = JSON.stringify(review()).replace('web:1', CANARY);
    const bodies = [
      CANARY,
      `{"${CANARY}":`,
      `["${CANARY}"]`,
      whole.slice(0, -2),
      whole.replace('"f0a1"', '{}'),
    ];
    for (const body of bodies) {
      const { status, text } = await sendTo(webhook, { body });
      assert.equal(status, 400);
      assert.doesNotMatch(text, new RegExp(CANARY));
    }
    const refused = () => webhook.logLines().filter(({ msg }) => msg === 'request refused');
    await waitFor('each to be told at debug', () => refused().length === bodies.length);
    assertSilent();
  });

  it('nor does a metric', async () => {
    const { body } = await get(webhook.healthPort, '/metrics');
    assert.match(body, /^podscrape_admission_decisions_total/m);
    assert.doesNotMatch(body, new RegExp(CANARY, 'i'));
  });

  function assertSilent(): void {
    const text = readFileSync(webhook.process.logFile, 'utf8');
    assert.match(text, /"msg":"decision"/);
    // An image is written in small letters.
    assert.doesNotMatch(text, new RegExp(CANARY, 'i'));
  }
});

const SPEC = {
  automountServiceAccountToken: false,
  containers: [
    {
      name: 'web',
      image: `registry.example/${CANARY.toLowerCase()}`,
      command: [CANARY],
      args: [`--password=${CANARY}`],
      env: [{ name: 'PASSWORD', value: CANARY }],
      ports: [{ containerPort: 8080 }],
    },
  ],
};
