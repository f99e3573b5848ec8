import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';

import { ROWS } from '../../scripts/dashboard-panels.ts';
import { FAILED_OPEN_WARNING } from '../../src/webhook/handler.ts';
import { send } from '../webhook/support.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { base64, entry, podWith, startDoomed, tryPod } from './observability/faults.ts';
import type { Doomed } from './observability/faults.ts';
import { alertRules } from './observability/rules.ts';
import { evaluated, firing, hastyRules, prometheusConfig, untilFired } from './observability/watching.ts';
import { requirePrometheus } from './prometheus/require.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';
import { startWebhook, webhookConfig } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const suite = 'alerts and dashboard on a real Prometheus';
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/00-podscrape';
const LEASE = '/apis/coordination.k8s.io/v1/namespaces/podscrape/leases/podscrape';
/** Nobody listens there. */
const NOWHERE = 'https://127.0.0.1:1';

const CONFIG = `
server: {bodyLimitBytes: 65536}
metrics: {namespaceLabel: true}
policies:
  - name: shop
    namespaceSelector: {matchLabels: {team: shop}}
    mode: enforce
    conventions: {allowedPorts: {ranges: ['8000-8999'], severity: deny}}
`;
/** Another configuration, and an authority that is to live for three days only. */
const OTHER_CONFIG = 'adopt: on\ncertificates: {life: 1d, authorityLife: 3d}\n';

const ASKS = { 'podscrape.dev/profile': 'http' };

/** What fires while something is wrong, and what when all is over. */
const FAULTS = [
  'PodscrapeReplicaNotReady',
  'PodscrapeFailingOpen',
  'PodscrapeErrors',
  'PodscrapeShedding',
  'PodscrapeSlow',
  'PodscrapeEventLoopLag',
  'PodscrapeAskedNotInjected',
  'PodscrapeConfigReloadFailed',
  'PodscrapeConfigsDiffer',
  'PodscrapeNamespacesNotSynced',
  'PodscrapeCertificateExpiresSoon',
  'PodscrapeCertificateExpired',
  'PodscrapeAuthorityExpiresSoon',
  'PodscrapeCertificateRenewalFailed',
  'PodscrapeCaBundleContested',
  'PodscrapeCallsFailOpen',
  'PodscrapeCallsRejected',
  'PodscrapeCallsSlow',
];
const THE_END = [
  'PodscrapeReplicaDown',
  'PodscrapeNoLeader',
  'PodscrapeCaBundleNotPublished',
  'PodscrapeDown',
];

describe(suite, await requirePrometheus(suite, { cluster: true }), () => {
  let plane: ControlPlane;
  let prometheus: Prometheus;
  /** As it should be: its own authority, published by itself. */
  let main: Webhook;
  /** Slow, and broken at will. */
  let faulty: Webhook;
  let doomed: Doomed;
  let rules: string;
  let stageFile: string;
  let ca: { readonly main: string; readonly faulty: string };

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.createNamespace('podscrape');
    await plane.createNamespace('shop', { team: 'shop' });
    await plane.createNamespace('blog');
    rules = hastyRules(plane);
    stageFile = join(mkdtempSync(join(plane.dataDir, 'stage-')), 'stage');
    writeFileSync(stageFile, '');
    const own = (secret: string, lease: string) => ({
      certificate: [
        '--cert-secret',
        secret,
        '--lease',
        lease,
        '--dns-name=127.0.0.1',
        '--dns-name=localhost',
      ],
      kubeconfig: plane.kubeconfig,
    });
    const preloaded = ['./observability/slow-decisions.ts', './reliability/break-stages.ts'];
    [main, faulty] = await Promise.all([
      startWebhook({ ...own('main-tls', 'podscrape'), args: ['--namespace', 'podscrape'], config: CONFIG }),
      startWebhook({
        ...own('faulty-tls', 'faulty'),
        args: ['--namespace', 'podscrape', '--no-publish-ca'],
        config: OTHER_CONFIG,
        nodeArgs: preloaded.flatMap((file) => ['--import', join(import.meta.dirname, file)]),
        env: { SLOW_MS: '1200', BREAK_STAGE_FILE: stageFile },
      }),
    ]);
    ca = { main: await authorityOf('main-tls'), faulty: await authorityOf('faulty-tls') };
    writeFileSync(join(main.certDir, 'ca.crt'), ca.main);
    const printed = await webhookConfig(main, ['--config', main.configFile]);
    await plane.kubectl(['apply', '-f', '-'], { stdin: printed });
    const config = prometheusConfig(plane, rules, [{ pod: 'main', healthPort: main.healthPort }]);
    prometheus = await startPrometheus({ config });
  });
  after(async () => {
    await prometheus.stop();
    await Promise.all([main.stop(), faulty.stop(), doomed.stop()]);
    await plane.stop();
  });

  it('nothing fires while all is well', async () => {
    await plane.waitFor('the API server to call the webhook', async () => {
      const path = '/api/v1/namespaces/shop/pods?dryRun=All';
      const { body } = await plane.request('POST', path, podWith('fine', ASKS));
      return body.metadata?.annotations?.['prometheus.io/scrape'] === 'true';
    });
    await prometheus.waitFor('an injected Pod', async () => {
      const [injected] = await prometheus.query(
        'sum(podscrape_admission_decisions_total{outcome="injected",exported_namespace="shop"})',
      );
      return injected !== undefined && injected.value > 0;
    });
    const [age] = await prometheus.query('time() - podscrape_certificate_not_before_timestamp_seconds');
    assert.ok(age !== undefined && age.value > 0 && age.value < 2 * 3600, 'the certificate is new');
    await evaluated(prometheus);
    assert.deepEqual(await firing(prometheus), []);
  });

  it('each alert fires when its fault is there', { timeout: 180_000 }, async () => {
    // Long enough to be seen before its end, also on a slow machine.
    doomed = await startDoomed(plane, 30);
    await prometheus.reload(
      prometheusConfig(plane, rules, [
        { pod: 'main', healthPort: main.healthPort },
        { pod: 'faulty', healthPort: faulty.healthPort },
        doomed,
      ]),
    );
    await prometheus.waitFor(
      'three replicas',
      async () => (await prometheus.query('podscrape_ready')).length === 3,
    );
    await applyEntries();
    // What developers do: forbidden here, wrong there.
    await tryPod(plane, 'blog', podWith('wrong', { 'podscrape.dev/port': '80;' }));
    assert.equal(await tryPod(plane, 'shop', podWith('off', { ...ASKS, 'podscrape.dev/port': '9100' })), 403);
    // What podscrape fails at.
    writeFileSync(stageFile, 'inject');
    assert.match((await send(faulty.port, { ca: ca.faulty })).text, new RegExp(FAILED_OPEN_WARNING));
    writeFileSync(stageFile, '');
    const large = JSON.stringify({ text: 'x'.repeat(70_000) });
    assert.equal((await send(main.port, { ca: ca.main, body: large })).status, 413);
    writeFileSync(faulty.configFile, 'adopt: perhaps\n');
    writeFileSync(doomed.certFile, 'this is no certificate\n');
    // What the API server meets.
    assert.equal(await tryPod(plane, 'blog', podWith('gone', {}, { test: 'gone' })), 201);
    assert.equal(await tryPod(plane, 'blog', podWith('blocking', {}, { test: 'blocking' })), 500);
    for (let turn = 0; turn < 4; turn++) await contest();
    const pressing = press();
    try {
      await untilFired(prometheus, FAULTS);
    } finally {
      await pressing.stop();
    }
  });

  it('every query of the dashboard gives data', async () => {
    const empty: string[] = [];
    for (const { title: row, panels } of ROWS) {
      for (const { title, queries } of panels) {
        for (const { expr } of queries) {
          const filled = expr
            .replaceAll('$job', 'podscrape')
            .replaceAll('$namespace', 'podscrape')
            .replaceAll('$__rate_interval', '4m')
            .replaceAll('$__range', '1h');
          const samples = await prometheus.query(filled);
          if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(`${row}, ${title}: ${filled}`);
        }
      }
    }
    assert.deepEqual(empty, []);
  });

  it('no configuration of the optional kind is missed', async () => {
    await plane.request('DELETE', CONFIGURATION.replace('mutating', 'validating').replace('00-', ''));
    await prometheus.waitFor('nothing to be said of it any more', async () => {
      const [about] = await prometheus.query(
        'podscrape_ca_bundle_published{configuration="podscrape",pod="main"}',
      );
      return about === undefined;
    });
  });

  it('the end: a replica dies, the configuration goes, nobody leads, nobody is left', async () => {
    await faulty.stop('SIGKILL');
    await untilFired(prometheus, ['PodscrapeReplicaDown']);
    await plane.request('DELETE', CONFIGURATION);
    await untilFired(prometheus, ['PodscrapeCaBundleNotPublished']);
    const spec = { holderIdentity: 'thief', renewTime: microTime(), leaseDurationSeconds: 3600 };
    await plane.request('PATCH', LEASE, { spec });
    await untilFired(prometheus, ['PodscrapeNoLeader']);
    await main.stop('SIGKILL');
    await untilFired(prometheus, ['PodscrapeDown']);
  });

  it('no alert is left out here', () => {
    assert.deepEqual(
      [...FAULTS, ...THE_END].sort(),
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    );
  });

  async function authorityOf(secret: string): Promise<string> {
    const path = `/api/v1/namespaces/podscrape/secrets/${secret}`;
    const { body } = await plane.request<{ data: Record<string, string> }>('GET', path);
    return Buffer.from(body.data['ca.crt'] ?? '', 'base64').toString('utf8');
  }

  /** Entries of other names, so that each fault has its own: slow, unreachable, unreachable and in the way. */
  async function applyEntries(): Promise<void> {
    const items = [
      entry('slow', { url: faulty.url, ca: ca.faulty }),
      entry('gone', { url: NOWHERE }),
      entry('blocking', { url: NOWHERE, failurePolicy: 'Fail' }),
    ];
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await plane.kubectl(['apply', '-f', '-'], { stdin });
    await plane.waitFor('the API server to know the entries', async () => {
      return (await tryPod(plane, 'blog', podWith('probe', {}, { test: 'blocking' }))) === 500;
    });
  }

  /** Overwrites the bundle with somebody else's, and waits until it is repaired. */
  async function contest(): Promise<void> {
    const path = '/webhooks/0/clientConfig/caBundle';
    const patch = [{ op: 'replace', path, value: base64(doomed.authority) }];
    const contentType = 'application/json-patch+json';
    assert.equal((await plane.request('PATCH', CONFIGURATION, patch, { contentType })).status, 200);
    await plane.waitFor('the bundle to be repaired', async () => {
      const { body } = await plane.request<Configuration>('GET', CONFIGURATION);
      return body.webhooks[0]?.clientConfig.caBundle === base64(ca.main);
    });
  }

  /**
   * More than a slow replica can take, until it is told to stop. The calls that fail are repeated, too: counts that begin
   * alarm a Prometheus that has seen the API server for ten minutes, and this one those that grow.
   */
  function press(): { stop(): Promise<void> } {
    let over = false;
    const one = async (name: string): Promise<void> => {
      while (!over) await tryPod(plane, 'blog', podWith(name, ASKS, { test: 'slow' }));
    };
    const failing = async (): Promise<void> => {
      while (!over) {
        for (const test of ['gone', 'blocking']) await tryPod(plane, 'blog', podWith(test, {}, { test }));
        await setTimeout(500);
      }
    };
    const all = Promise.all([...['a', 'b'].map(one), failing()]);
    return {
      async stop() {
        over = true;
        await all;
      },
    };
  }
});

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** As Leases have it. */
function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}
