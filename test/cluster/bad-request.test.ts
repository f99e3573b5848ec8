import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const STATUS = 'podscrape.dev/status';

/** Keeps what webhooks say about Pods. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'Metadata', verbs: ['create'], resources: [{ group: '', resources: ['pods'] }] },
    { level: 'None' },
  ],
};

/** A line of the audit log, as far as these tests read it. */
interface AuditEvent {
  readonly objectRef?: { readonly namespace?: string; readonly name?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

describe('a person finds out what is wrong', await requireCluster('bad requests'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  let folder: string;
  let auditLog: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'podscrape-audit-'));
    auditLog = join(folder, 'audit.log');
    writeFileSync(join(folder, 'policy.yaml'), JSON.stringify(AUDIT_POLICY));
    plane = await startControlPlane({
      extraApiserverArgs: [
        `--audit-policy-file=${join(folder, 'policy.yaml')}`,
        `--audit-log-path=${auditLog}`,
      ],
    });
    await plane.createNamespace('shop');
    webhook = await startWebhook();
    await register(plane, webhook);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
    rmSync(folder, { recursive: true });
  });

  describe('kubectl describe pod, of a Pod that a Deployment made', () => {
    let described: string;
    before(async () => {
      const annotations = { 'podscrape.dev/profile': 'sprnig-boot', 'podscrape.dev/port': '80;' };
      const stdin = JSON.stringify(deployment('misspelt', annotations));
      await plane.kubectl(['apply', '-n', 'shop', '-f', '-'], { stdin });
      const [pod] = await podsOf(plane, 'shop', 1);
      const args = ['describe', 'pod', '-n', 'shop', pod?.metadata.name ?? ''];
      described = (await plane.kubectl(args)).stdout;
    });

    // kubectl cuts a line of an annotation after 138 characters; the whole record stands in the object.
    it('shows that it is refused, and what is wrong where', () => {
      assert.match(
        described,
        /podscrape\.dev\/status:\s+\{\s*"outcome": ?"refused",\s*"reason": ?"bad-request"/,
      );
      assert.match(
        described,
        /podscrape\.dev\/port: \\"80;\\" is not a port; use a number from 1 to 65535 or /,
      );
    });

    it('has everything that is wrong in the object', async () => {
      const [pod] = await podsOf(plane, 'shop', 1);
      const { problems } = JSON.parse(pod?.metadata.annotations?.[STATUS] ?? '{}') as Record<string, unknown>;
      assert.deepEqual(problems, [
        'podscrape.dev/port: "80;" is not a port; use a number from 1 to 65535 or the name of a declared port',
        'podscrape.dev/profile: "sprnig-boot" is not a profile; did you mean spring-boot?',
      ]);
    });

    it('shows that nothing was injected', () => {
      assert.doesNotMatch(described, /prometheus\.io/);
      assert.match(described, /Controlled By:\s+ReplicaSet\/misspelt-/);
    });
  });

  describe('the audit log of kube-apiserver', () => {
    const rows: [name: string, annotations: Record<string, string>, kept: Record<string, string>][] = [
      [
        'audited',
        { 'podscrape.dev/profile': 'spring-boot, gunicorn' },
        {
          outcome: 'injected',
          reason: 'injected',
          profiles: 'spring-boot,gunicorn',
          targets: 'web:8080,statsd-exporter:9102',
          problems: 'port-undeclared,several-targets',
        },
      ],
      [
        'audited-refused',
        { 'podscrape.dev/port': '80;' },
        { outcome: 'refused', reason: 'bad-request', profiles: 'http', problems: 'bad-value' },
      ],
      [
        'audited-out',
        { 'podscrape.dev/profile': 'http', 'prometheus.io/scrape': 'false' },
        { outcome: 'skipped', reason: 'scrape-false', problems: 'opted-out' },
      ],
    ];
    for (const [name, annotations, kept] of rows) {
      it(`${name}: keeps podscrape’s decision under the webhook’s name`, async () => {
        const { status } = await createPod(name, annotations);
        assert.equal(status, 201);
        const { annotations: found = {} } = await plane.waitFor(`the audit log to tell of ${name}`, () =>
          auditEvents().find(({ objectRef }) => objectRef?.name === name),
        );
        const ours = Object.entries(found).flatMap(([key, value]) =>
          key.startsWith('object.podscrape.dev/') ? [[key.slice('object.podscrape.dev/'.length), value]] : [],
        );
        assert.deepEqual(Object.fromEntries(ours), kept);
      });
    }
  });

  function auditEvents(): readonly AuditEvent[] {
    const text = readFileSync(auditLog, 'utf8');
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEvent);
  }

  function createPod(name: string, annotations: Record<string, string>) {
    return plane.request('POST', '/api/v1/namespaces/shop/pods', pod(name, annotations));
  }
});

const SPEC = {
  automountServiceAccountToken: false,
  containers: [{ name: 'web', image: 'example.com/web:1' }],
};

function pod(name: string, annotations: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations }, spec: SPEC };
}

function deployment(name: string, annotations: Record<string, string>): object {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels, annotations }, spec: SPEC } },
  };
}
