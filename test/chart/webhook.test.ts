// The chart's webhook configurations are those that `podscrape webhook-config` prints for the same configuration.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';
import { parse, stringify } from 'yaml';

import { wholeFile } from '../../scripts/docs-configuration.ts';
import { DEFAULTS } from '../../src/config/defaults.ts';
import { ConfigFile } from '../../src/config/schema.ts';
import { run } from '../commands/run.ts';
import { objectsIn, render, requireHelm } from './helm.ts';
import type { Rendered, Values } from './helm.ts';
import { certificates, file, inLots } from './support.ts';

const KINDS = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

suite('the chart’s webhook configurations', await requireHelm('the chart’s webhook configurations'), () => {
  const rollout = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', resource: 'rollouts' };
  const nested = {
    ...{ group: 'apps', version: 'v1', kind: 'Game', resource: 'games' },
    template: 'spec.a.template',
    metadata: ['spec.a.metadata', 'spec.b'],
  };
  const payments = {
    name: 'payments',
    namespaceSelector: {
      matchLabels: { team: 'payments' },
      matchExpressions: [{ key: 'stage', operator: 'NotIn', values: ['test'] }],
    },
  };
  const rows: Readonly<Record<string, Values>> = {
    nothing: {},
    'an empty configuration': { config: {} },
    'opt-in by label': { config: { optIn: 'label' } },
    'opt-in by namespace': { config: { optIn: 'namespace' } },
    'no workloads': { config: { workloads: 'off' } },
    'another prefix': { config: { annotationPrefix: 'monitoring.example.com' } },
    'further kinds': { config: { workloadKinds: [rollout, nested] } },
    'further kinds and no workloads': { config: { workloads: 'off', workloadKinds: [rollout] } },
    'excluded namespaces, once each and in order': {
      config: { excludedNamespaces: ['vault', 'apps', 'vault', 'kube-system', 'monitoring'] },
    },
    'a policy that denies': { config: { policies: [{ ...payments, conventions: { noBadValues: 'deny' } }] } },
    'a policy that wants requests': {
      config: { policies: [{ ...payments, mode: 'warn', conventions: { requireRequest: 'warn' } }] },
    },
    'what stands beside the configuration': {
      webhook: { failurePolicy: 'Fail', validatingFailurePolicy: 'Ignore', timeoutSeconds: 7 },
      service: { port: 8443 },
      config: { policies: [{ ...payments, conventions: { requireNamedPort: 'deny' } }] },
    },
    'failure policies the other way round': {
      webhook: { validatingFailurePolicy: 'Fail' },
      config: { policies: [{ ...payments, conventions: { requireNamedPort: 'deny' } }] },
    },
  };
  for (const [title, values] of Object.entries(rows)) {
    test(title, async () => same(await both(values), title));
  }

  test('an authority', async () => {
    const { ca } = await certificates();
    const values = { certificates: { mode: 'secret', secretName: 'given', caBundle: ca } };
    same(await both(values, ['--ca-file', file('ca.crt', ca)]), 'an authority');
  });

  test('a configuration that sets every key', async () => {
    const config = parse(wholeFile()) as Values;
    assert.deepEqual(Object.keys(config), Object.keys(ConfigFile.properties));
    same(await both({ config }), 'every key');
  });

  test('random configurations', async () => {
    const some = fc.sample(configurations(), { numRuns: RANDOM, seed: 20 });
    await inLots(some, async (config) => same(await both({ config }), stringify(config)));
  });

  test('metadata: the chart’s own labels come to podscrape’s', async () => {
    const [chart, printed] = await both({
      labels: { team: 'platform' },
      webhook: { annotations: { a: 'b' } },
    });
    const labels = chart[0]?.metadata?.labels ?? {};
    assert.deepEqual({ ...labels, ...printed[0]?.metadata?.labels }, labels);
    assert.equal(labels['team'], 'platform');
    assert.deepEqual(chart[0]?.metadata?.annotations, {
      ...printed[0]?.metadata?.annotations,
      a: 'b',
    });
  });
});

/** Each costs a tenth of a second. */
const RANDOM = 40;

/** The webhook configurations of the chart, and those that the command prints. */
async function both(
  values: Values,
  flags: readonly string[] = [],
): Promise<readonly [readonly Rendered[], readonly Rendered[]]> {
  const {
    config = {},
    webhook = {},
    service = {},
  } = values as Readonly<Record<string, Readonly<Record<string, string | number>>>>;
  const { code, stdout, stderr } = await run(
    'webhook-config',
    ...['--service', 'monitoring/podscrape', '--service-port', String(service['port'] ?? 443)],
    ...['--config', file('podscrape.yaml', stringify(config))],
    ...['--failure-policy', String(webhook['failurePolicy'] ?? 'Ignore')],
    ...['--validating-failure-policy', String(webhook['validatingFailurePolicy'] ?? 'Ignore')],
    ...['--timeout-seconds', String(webhook['timeoutSeconds'] ?? 3)],
    ...flags,
  );
  assert.equal(code, 0, stderr);
  const chart = (await render(values)).filter(({ kind = '' }) => KINDS.includes(kind));
  return [chart, objectsIn(stdout)];
}

function same([chart, printed]: readonly [readonly Rendered[], readonly Rendered[]], what: string): void {
  const parts = (objects: readonly Rendered[]) =>
    objects.map(({ apiVersion, kind, metadata, webhooks }) => ({
      apiVersion,
      kind,
      name: metadata?.name,
      webhooks,
    }));
  assert.deepEqual(parts(chart), parts(printed), what);
}

/** Whatever of a configuration decides what is sent. */
function configurations(): fc.Arbitrary<Values> {
  const label = fc.constantFrom('team', 'stage', 'example.com/tier');
  const value = fc.constantFrom('', 'a', 'true', '8', 'null', 'x-y');
  const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });
  const expression = fc.oneof(
    fc.record({ key: label, operator: fc.constantFrom('In', 'NotIn'), values }),
    fc.record({ key: label, operator: fc.constantFrom('Exists', 'DoesNotExist') }),
  );
  const severity = fc.constantFrom('warn', 'deny');
  const conventions = fc.record(
    {
      requireRequest: severity,
      noBadValues: severity,
      requireNamedPort: severity,
      minInterval: fc.record({ interval: fc.constant('15s'), severity }),
      allowedPorts: fc.record({ ranges: fc.constant([8080, '9000-9999']), severity }),
    },
    { requiredKeys: [] },
  );
  const policy = fc.record(
    {
      namespaceSelector: fc.record(
        {
          matchLabels: fc.dictionary(label, value, { maxKeys: 2 }),
          matchExpressions: fc.array(expression, { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
      mode: fc.constantFrom('audit', 'inject', 'warn', 'enforce'),
      conventions,
    },
    { requiredKeys: ['namespaceSelector'] },
  );
  const workloadKind = fc.record(
    {
      group: fc.constantFrom('apps', 'example.com', ''),
      version: fc.constantFrom('v1', 'v1beta1'),
      kind: fc.constantFrom('Game', 'Set', 'Match'),
      template: fc.constantFrom('spec.template', 'spec.pods.template', 'template'),
      metadata: fc.subarray(['spec.metadata', 'spec.pods']),
      immutableTemplate: fc.boolean(),
    },
    { requiredKeys: ['group', 'version', 'kind'] },
  );
  return fc.record(
    {
      annotationPrefix: fc.constantFrom(DEFAULTS.annotationPrefix, 'm.example.com', '8'),
      optIn: fc.constantFrom('annotation', 'label', 'namespace'),
      workloads: fc.constantFrom('hoist', 'inject', 'off'),
      excludedNamespaces: fc.uniqueArray(fc.constantFrom('a', 'b-1', 'monitoring', '10', '9')),
      workloadKinds: fc
        .uniqueArray(workloadKind, {
          maxLength: 3,
          selector: ({ group, kind }) => `${group}/${kind}`,
        })
        .map((rows) => rows.map((row) => ({ ...row, resource: `${row.kind.toLowerCase()}s` }))),
      policies: fc
        .array(policy, { maxLength: 3 })
        .map((list) => list.map((row, index) => ({ name: `p${String(index)}`, ...row }))),
    },
    { requiredKeys: [] },
  );
}
