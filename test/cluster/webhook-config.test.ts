import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';
import { run } from '../commands/run.ts';
import { startControlPlane } from './control-plane.ts';
import type { ApiResponse, KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { requireCluster } from './require.ts';

type Meta = Pick<NonNullable<KubeObject['metadata']>, 'labels' | 'annotations' | 'ownerReferences'> & {
  finalizers?: string[];
};

const SPEC = { containers: [{ name: 'app', image: 'app' }] };

const KINDS = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
];

const address = {
  url: ['--url', 'https://127.0.0.1:8443/base'],
  service: ['--service', 'monitoring/podscrape', '--failure-policy', 'Fail'],
};

const POLICIES = `
policies:
  - name: payments
    namespaceSelector:
      matchLabels: {team: payments}
      matchExpressions: [{key: stage, operator: NotIn, values: [test]}]
    mode: enforce
    conventions: {requireRequest: deny}
  - name: all
    namespaceSelector: {}
    mode: warn
    conventions: {requireNamedPort: deny}
`;

suite('podscrape webhook-config before a real API server', await requireCluster('webhook-config'), () => {
  let plane: ControlPlane;
  before(async () => {
    plane = await startControlPlane({ controllerManager: false });
  });
  after(() => plane.stop());

  for (const optIn of ['annotation', 'label', 'namespace']) {
    for (const [kind, args] of Object.entries(address)) {
      test(`optIn ${optIn}, ${kind}: accepted, the expressions compile, nothing is unknown`, async (t) => {
        const folder = temporaryFolder(t);
        const { ca } = await makeCertificates(alternativeNames([]), new Date());
        const content = `optIn: ${optIn}\nexcludedNamespaces: [vault]\n${POLICIES}`;
        const config = file(folder, 'podscrape.yaml', content);
        const options = ['--config', config, '--ca-file', file(folder, 'ca.crt', ca)];
        const { code, stdout: stdin, stderr } = await run('webhook-config', ...args, ...options);
        assert.equal(code, 0, stderr);
        const applied = await plane.kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], {
          stdin,
        });
        const group = 'admissionregistration.k8s.io';
        assert.deepEqual(applied.stdout.trim().split('\n'), [
          `mutatingwebhookconfiguration.${group}/00-podscrape created (server dry run)`,
          `validatingwebhookconfiguration.${group}/podscrape created (server dry run)`,
        ]);
        assert.equal(applied.stderr, '', 'no warnings');
      });
    }
  }

  for (const workloads of ['hoist', 'off']) {
    test(`the API server reads what was meant, workloads ${workloads}: no field is changed or added`, async (t) => {
      const config = file(temporaryFolder(t), 'podscrape.yaml', `workloads: ${workloads}\n${POLICIES}`);
      const { stdout: stdin } = await run('webhook-config', ...address.url, '--config', config);
      const { stdout } = await plane.kubectl(['create', '--dry-run=server', '-o', 'yaml', '-f', '-'], {
        stdin,
      });
      const [meant, read] = [stdin, stdout].map((text) =>
        parseAllDocuments(text).map((document) => document.toJS() as { webhooks: object[] }),
      );
      assert.ok(meant && read);
      assert.equal(meant.length, 2);
      // What the API server fills in where an entry has no objectSelector.
      const filled = meant.map(({ webhooks }) =>
        webhooks.map((webhook) => ({ objectSelector: {}, ...webhook })),
      );
      assert.deepEqual(
        read.map(({ webhooks }) => webhooks),
        filled,
      );
    });
  }

  // Under Fail, and with nobody at the address, the API server names the entry that it would have called.
  suite('what is sent, and by which entry', () => {
    before(async () => {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
      await plane.request('POST', '/api/v1/namespaces/kube-system/serviceaccounts', account);
      await plane.createNamespace('plain');
      await plane.createNamespace('asked', { 'podscrape.dev/inject': 'enabled' });
      await plane.createNamespace('out', { 'podscrape.dev/inject': 'disabled' });
      await plane.createNamespace('own', { 'podscrape.dev/inject': 'enabled' });
      for (const deployment of [{ name: 'requested', meta: asks }, { name: 'silent' }]) {
        assert.equal(await send('plain', workload('Deployment', deployment), false), 'accepted');
      }
      const options = ['--url', 'https://127.0.0.1:1', '--failure-policy', 'Fail', '--namespace', 'own'];
      const { stdout: stdin } = await run('webhook-config', ...options);
      await plane.kubectl(['apply', '-f', '-'], { stdin });
      await plane.waitFor(
        'the configuration is in force',
        async () => (await send('asked', pod())) !== 'accepted',
      );
    });

    const asks = { annotations: { 'podscrape.dev/profile': 'http' } };
    const owner = (kind: string) => ({
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'owner', uid: 'a-b-c', controller: true }],
    });
    const label = (value: string) => ({ labels: { 'podscrape.dev/inject': value } });
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x', 'podscrape.dev/profile': 'http' } };

    const rows: [title: string, namespace: string, object: KubeObject, expected: string][] = [
      ['a Pod that asks for nothing', 'plain', pod(), 'accepted'],
      ['a Pod with our annotation', 'plain', pod(asks), 'object'],
      ['a Pod with our label', 'plain', pod(label('disabled')), 'object'],
      [
        'a Pod with a key that begins alike',
        'plain',
        pod({ annotations: { 'podscrape.device/a': '' } }),
        'accepted',
      ],
      ['a Pod of a ReplicaSet', 'plain', pod({ ...asks, ...owner('ReplicaSet') }), 'object'],
      ['a Pod in a namespace that opted in', 'asked', pod(), 'pods-namespace'],
      ['a Pod of a ReplicaSet there', 'asked', pod(owner('ReplicaSet')), 'pods-namespace'],
      ['a Pod that opted out there', 'asked', pod(label('disabled')), 'accepted'],
      ['a mirror Pod there', 'asked', pod(mirror, { nodeName: 'node' }), 'accepted'],
      ['a mirror Pod', 'plain', pod(mirror, { nodeName: 'node' }), 'accepted'],
      ['a Pod in a namespace that opted out', 'out', pod(asks), 'accepted'],
      ['a Pod in kube-system', 'kube-system', pod(asks), 'accepted'],
      ['a Pod in our own namespace', 'own', pod(asks), 'accepted'],
      ...KINDS.flatMap((kind): [string, string, KubeObject, string][] => [
        [`a ${kind} that asks for nothing`, 'plain', workload(kind), 'accepted'],
        [`a ${kind} with our annotation`, 'plain', workload(kind, { meta: asks }), 'object'],
        [
          `a ${kind} with our annotation in its template`,
          'plain',
          workload(kind, { template: asks }),
          'object',
        ],
        [
          `a ${kind} that another controls`,
          'plain',
          workload(kind, { meta: { ...asks, ...owner('Rollout') } }),
          'accepted',
        ],
        [`a ${kind} where the namespace opted in`, 'asked', workload(kind), 'workloads-namespace'],
        [
          `a ${kind} that another controls there`,
          'asked',
          workload(kind, { meta: owner('Rollout') }),
          'accepted',
        ],
        [`a ${kind} in kube-system`, 'kube-system', workload(kind, { meta: asks }), 'accepted'],
      ]),
      ['a CronJob with our annotation on its jobs', 'plain', workload('CronJob', { job: asks }), 'object'],
    ];
    for (const [title, namespace, object, expected] of rows) {
      test(`${title}: ${expected}`, async () => assert.equal(await send(namespace, object), expected));
    }

    const path = (name: string): string => `/apis/apps/v1/namespaces/plain/deployments/${name}?dryRun=All`;
    for (const [title, name, patch, expected] of [
      ['an update that takes a request away', 'requested', { metadata: { annotations: null } }, 'object'],
      ['an update that brings a request', 'silent', { metadata: asks }, 'object'],
      ['an update of what asks for nothing', 'silent', { spec: { replicas: 3 } }, 'accepted'],
    ] as const) {
      test(`${title}: ${expected}`, async () => {
        assert.equal(verdict(await plane.request('PATCH', path(name), patch)), expected);
      });
    }
  });

  suite('what is sent for validation, and by which policy’s entry', () => {
    const finalized = { name: 'finalized', meta: { finalizers: ['example.com/hold'] } };

    before(async () => {
      await plane.kubectl(['delete', 'mutatingwebhookconfiguration', '--all']);
      await plane.createNamespace('nobody');
      await plane.createNamespace('payments', { team: 'payments' });
      await plane.createNamespace('tests', { team: 'payments', stage: 'test' });
      await plane.createNamespace('left', { team: 'payments', 'podscrape.dev/inject': 'false' });
      await plane.createNamespace('vault', { team: 'payments' });
      await plane.createNamespace('strict', { 'podscrape.dev/mode': 'enforce' });
      await plane.createNamespace('lax', { 'podscrape.dev/mode': 'warn' });
      await plane.waitFor(
        'the mutating configuration is gone',
        async () => (await send('payments', workload('Deployment', finalized))) === 'accepted',
      );
      assert.equal(await send('payments', workload('Deployment', finalized), false), 'accepted');
      assert.equal(await send('payments', workload('Deployment', { name: 'kept' }), false), 'accepted');
      const folder = temporaryFolder({ after: after as TestContext['after'] });
      const config = file(folder, 'podscrape.yaml', `excludedNamespaces: [vault]\n${POLICIES}`);
      const options = [
        '--url',
        'https://127.0.0.1:1',
        '--config',
        config,
        '--validating-failure-policy',
        'Fail',
      ];
      const { stdout: stdin } = await run('webhook-config', ...options);
      await plane.kubectl(['apply', '-f', '-'], { stdin });
      await plane.waitFor(
        'the configuration is in force',
        async () => (await send('payments', pod())) !== 'accepted',
      );
    });

    const controlled = {
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'X', name: 'o', uid: 'a-b-c', controller: true }],
    };
    const mirror = { annotations: { 'kubernetes.io/config.mirror': 'x' } };
    const rows: [title: string, namespace: string, object: KubeObject, expected: string][] = [
      ['a Pod where a policy enforces', 'payments', pod(), 'payments.policies'],
      ['a Pod of a ReplicaSet there', 'payments', pod(controlled), 'payments.policies'],
      ['a mirror Pod there', 'payments', pod(mirror, { nodeName: 'node' }), 'accepted'],
      ['a Pod that the policy’s expressions leave out', 'tests', pod(), 'accepted'],
      ['a Pod where the namespace opted out', 'left', pod(), 'accepted'],
      ['a Pod in an excluded namespace', 'vault', pod(), 'accepted'],
      ['a Pod in kube-system', 'kube-system', pod(), 'accepted'],
      ['a Pod where a policy warns', 'nobody', pod(), 'accepted'],
      ['a Pod where the namespace asks to enforce', 'strict', pod(), 'all.policies'],
      ['a Pod where the namespace asks for warnings', 'lax', pod(), 'accepted'],
      ...KINDS.flatMap((kind): [string, string, KubeObject, string][] => [
        [`a ${kind} where a policy enforces`, 'payments', workload(kind), 'payments.policies'],
        [
          `a ${kind} there that another controls`,
          'payments',
          workload(kind, { meta: controlled }),
          'accepted',
        ],
        [`a ${kind} where a policy warns`, 'nobody', workload(kind), 'accepted'],
        [`a ${kind} where the namespace asks to enforce`, 'strict', workload(kind), 'all.policies'],
      ]),
    ];
    for (const [title, namespace, object, expected] of rows) {
      test(`${title}: ${expected}`, async () => assert.equal(await send(namespace, object), expected));
    }

    const path = (name: string): string => `/apis/apps/v1/namespaces/payments/deployments/${name}`;
    const touch = (name: string): Promise<ApiResponse<KubeObject>> =>
      plane.request('PATCH', `${path(name)}?dryRun=All`, { metadata: { labels: { touched: 'yes' } } });

    test('an update of a workload: payments.policies', async () =>
      assert.equal(verdict(await touch('kept')), 'payments.policies'));

    test('a workload that is being deleted: accepted, so that its finalizers come off', async () => {
      await plane.request('DELETE', path('finalized'));
      assert.equal(verdict(await touch('finalized')), 'accepted');
      await plane.request('PATCH', path('finalized'), { metadata: { finalizers: null } });
      assert.equal((await plane.request('GET', path('finalized'))).status, 404);
    });
  });

  async function send(namespace: string, object: KubeObject, dryRun = true): Promise<string> {
    const group = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion ?? ''}`;
    const path = `${group}/namespaces/${namespace}/${(object.kind ?? '').toLowerCase()}s`;
    return verdict(await plane.request('POST', dryRun ? `${path}?dryRun=All` : path, object));
  }
});

/** `accepted`, or what stands before `.podscrape.dev` in the name of the entry that the API server could not reach. */
function verdict({ status, body }: ApiResponse<KubeObject>): string {
  if (status === 200 || status === 201) return 'accepted';
  return (
    /failed calling webhook "([^"]+)\.podscrape\.dev"/.exec(body.message ?? '')?.[1] ?? JSON.stringify(body)
  );
}

function pod(meta: Meta = {}, spec = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', ...meta }, spec: { ...SPEC, ...spec } };
}

/** A workload with metadata for itself, for the jobs of a CronJob, and for the Pods. */
function workload(
  kind: string,
  {
    name = 'app',
    meta = {},
    job = {},
    template: own = {},
  }: { name?: string; meta?: Meta; job?: Meta; template?: Meta } = {},
): KubeObject {
  const labels = { app: name };
  const template = { metadata: { ...own, labels: { ...labels, ...own.labels } }, spec: SPEC };
  const jobSpec = { template: { ...template, spec: { ...SPEC, restartPolicy: 'Never' } } };
  const batch = kind === 'Job' || kind === 'CronJob';
  const spec: Record<string, unknown> =
    kind === 'CronJob'
      ? { schedule: '0 0 * * *', jobTemplate: { metadata: job, spec: jobSpec } }
      : kind === 'Job'
        ? jobSpec
        : kind === 'ReplicationController'
          ? { selector: labels, template }
          : { selector: { matchLabels: labels }, template };
  const apiVersion = batch ? 'batch/v1' : kind === 'ReplicationController' ? 'v1' : 'apps/v1';
  return { apiVersion, kind, metadata: { name, ...meta }, spec };
}
