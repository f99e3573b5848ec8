import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseAllDocuments, stringify } from 'yaml';

import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { steady } from './pods.ts';
import type { PodObject } from './pods.ts';
import { requireCluster } from './require.ts';
import { register, startWebhook, webhookCalls } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const GOLDEN = join(import.meta.dirname, 'golden/examples');
const asIs = { serializers: [(value: string) => value] };

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec?: { readonly replicas?: number; readonly template?: object };
}

/** The examples, each with its workloads. */
const examples = readdirSync(EXAMPLES)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => {
    const documents = parseAllDocuments(readFileSync(join(EXAMPLES, file), 'utf8'));
    const objects = documents.map((document) => document.toJS() as Manifest);
    return { file, workloads: objects.filter((object) => object.spec?.template !== undefined) };
  });

describe('the main job on a real control plane', await requireCluster('the main job'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane();
    webhook = await startWebhook();
    await register(plane, webhook);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const { file, workloads } of examples) {
    describe(`kubectl apply -f examples/${file}`, () => {
      before(async () => {
        await plane.kubectl(['apply', '-f', join(EXAMPLES, file)]);
      });
      for (const { kind, metadata, spec } of workloads) {
        it(`${kind} ${metadata.name}: every Pod is as the golden file says`, async (t) => {
          const replicas = spec?.replicas ?? 1;
          const pods = (await podsOfWorkload(plane, metadata.namespace, metadata.name, replicas)).map(steady);
          for (const pod of pods.slice(1)) assert.deepEqual(withoutName(pod), withoutName(pods[0]));
          const path = join(GOLDEN, `${file.replace('.yaml', '')}-${metadata.name}.yaml`);
          t.assert.fileSnapshot(stringify(pods[0], { lineWidth: 0 }), path, asIs);
        });
      }
    });
  }

  it('no golden file is left over', () => {
    const expected = examples.flatMap(({ file, workloads }) =>
      workloads.map(({ metadata }) => `${file.replace('.yaml', '')}-${metadata.name}.yaml`),
    );
    assert.deepEqual(readdirSync(GOLDEN).sort(), expected.sort());
  });

  it('OpenFaaS’ Pod ends with two distinguishable targets', async () => {
    const [pod] = await podsOfWorkload(plane, 'openfaas', 'gateway', 1);
    const declared = pod?.spec.containers.flatMap(({ name, ports }) =>
      (ports ?? [])
        .filter((port) => port.name?.endsWith('metrics'))
        .map((port) => `${name} ${port.name ?? ''} ${port.containerPort}`),
    );
    assert.deepEqual(declared, ['gateway gateway-metrics 8082', 'faas-netes faas-ne-metrics 8081']);
  });

  it('the apiserver told the deployer what podscrape had to say', async () => {
    const annotations = { 'podscrape.dev/profle': 'http', 'podscrape.dev/port': '80;' };
    const { status, warnings, body } = await createPod(plane, 'default', 'warned', { annotations });
    assert.equal(status, 201);
    assert.deepEqual(warnings, [
      'podscrape.dev/profle: unknown key, ignored; did you mean podscrape.dev/profile?',
      'podscrape.dev/port: "80;" is not a port; use a number from 1 to 65535 or the name of a declared port',
    ]);
    const recorded = JSON.parse(body.metadata.annotations?.['podscrape.dev/status'] ?? '{}') as Record<
      string,
      unknown
    >;
    assert.equal(recorded['outcome'], 'refused');
    assert.equal(body.metadata.annotations?.['prometheus.io/scrape'], undefined);
  });
});

describe('who is in, on a real control plane', await requireCluster('who is in'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;
  const without = new Map<string, unknown>();
  const UNASKED = ['unlabelled', 'disabled'];

  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
    await plane.kubectl(['create', 'serviceaccount', 'default', '-n', 'default'], { allowFailure: true });
    await namespace(plane, 'unlabelled', {});
    await namespace(plane, 'disabled', { 'podscrape.dev/inject': 'disabled' });
    await namespace(plane, 'enabled', { 'podscrape.dev/inject': 'enabled' });
    await namespace(plane, 'true', { 'podscrape.dev/inject': 'true' });
    for (const name of UNASKED)
      without.set(name, steady((await createPod(plane, name, 'plain', plainMetadata(name))).body));
    webhook = await startWebhook();
    await register(plane, webhook);
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  for (const name of UNASKED) {
    it(`${name}: a Pod is byte for byte what it is without podscrape, and costs no call`, async () => {
      await plane.request('DELETE', `/api/v1/namespaces/${name}/pods/plain?gracePeriodSeconds=0`);
      const calls = await allCalls(plane);
      const { status, body } = await createPod(plane, name, 'plain', plainMetadata(name));
      assert.equal(status, 201);
      assert.equal(JSON.stringify(steady(body)), JSON.stringify(without.get(name)));
      assert.equal(await allCalls(plane), calls);
    });
  }

  it('an asking Pod in an unlabelled namespace is called about once, through the object entry', async () => {
    const calls = await webhookCalls(plane, 'object.podscrape.dev');
    const { body } = await createPod(plane, 'unlabelled', 'asking', {
      annotations: { 'podscrape.dev/profile': 'http' },
    });
    assert.equal(body.metadata.annotations?.['prometheus.io/port'], '8080');
    assert.equal(await webhookCalls(plane, 'object.podscrape.dev'), calls + 1);
  });

  for (const name of ['enabled', 'true']) {
    it(`a namespace labelled ${name} is in: a Pod is injected through the namespace entry`, async () => {
      const calls = await webhookCalls(plane, 'pods-namespace.podscrape.dev');
      const other = await webhookCalls(plane, 'object.podscrape.dev');
      const { body } = await createPod(plane, name, 'asking', {
        labels: { 'podscrape.dev/profile': 'http' },
      });
      assert.equal(body.metadata.annotations?.['prometheus.io/scrape'], 'true');
      assert.equal(await webhookCalls(plane, 'pods-namespace.podscrape.dev'), calls + 1);
      assert.equal(await webhookCalls(plane, 'object.podscrape.dev'), other);
    });
  }

  it('disabled on the namespace beats a request on the Pod', async () => {
    const { body } = await createPod(plane, 'disabled', 'asking', {
      annotations: { 'podscrape.dev/profile': 'http' },
    });
    assert.deepEqual(body.metadata.annotations, { 'podscrape.dev/profile': 'http' });
  });

  it('disabled on the Pod beats the namespace', async () => {
    const labels = { 'podscrape.dev/inject': 'disabled', 'podscrape.dev/profile': 'http' };
    const { body } = await createPod(plane, 'enabled', 'disabled', { labels });
    assert.equal(body.metadata.annotations, undefined);
  });

  it('kube-system is never called about', async () => {
    await serviceAccount(plane, 'kube-system');
    const calls = await allCalls(plane);
    const { status, body } = await createPod(plane, 'kube-system', 'asking', {
      annotations: { 'podscrape.dev/profile': 'http' },
    });
    assert.equal(status, 201);
    assert.deepEqual(body.metadata.annotations, { 'podscrape.dev/profile': 'http' });
    assert.equal(await allCalls(plane), calls);
  });
});

interface Metadata {
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

/** In a namespace that said nothing, a Pod that says nothing; in one that is out, a Pod that asks. */
function plainMetadata(namespace: string): Metadata {
  return namespace === 'disabled'
    ? { annotations: { 'podscrape.dev/profile': 'gunicorn' } }
    : { labels: { app: 'plain' } };
}

function createPod(plane: ControlPlane, namespace: string, name: string, metadata: Metadata) {
  const spec = {
    automountServiceAccountToken: false,
    containers: [{ name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }] }],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec };
  return plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
}

/** Without a controller-manager nobody makes the ServiceAccount that every Pod needs. */
async function namespace(plane: ControlPlane, name: string, labels: Record<string, string>): Promise<void> {
  await plane.request('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  });
  await serviceAccount(plane, name);
}

async function serviceAccount(plane: ControlPlane, namespace: string): Promise<void> {
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  await plane.request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
}

async function allCalls(plane: ControlPlane): Promise<number> {
  const entries = ['pods-namespace', 'workloads-namespace', 'object'].map(
    (entry) => `${entry}.podscrape.dev`,
  );
  const calls = await Promise.all(entries.map((entry) => webhookCalls(plane, entry)));
  return calls.reduce((sum, count) => sum + count, 0);
}

async function podsOfWorkload(plane: ControlPlane, namespace: string, workload: string, count: number) {
  return plane.waitFor(`${count} Pods of ${workload}`, async () => {
    const { body } = await plane.request<{ items: PodObject[] }>(
      'GET',
      `/api/v1/namespaces/${namespace}/pods`,
    );
    const pods = body.items.filter((pod) =>
      new RegExp(`^${workload}-([a-z0-9]+-[a-z0-9]{5}|\\d+)$`).test(pod.metadata.name),
    );
    return pods.length === count && pods;
  });
}

/** Pods of a StatefulSet differ in their ordinal, which the controller writes into name, hostname and labels. */
function withoutName(pod: unknown): string {
  return JSON.stringify(pod).replace(/-\d+"/g, '-N"');
}
