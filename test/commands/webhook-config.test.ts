import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { parseAllDocuments } from 'yaml';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import { file, temporaryFolder } from '../certificates/tools.ts';
import { run } from './run.ts';

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions: { key: string; operator: string; values: string[] }[];
}

interface Webhook {
  name: string;
  clientConfig: { url?: string; service?: unknown; caBundle?: string };
  rules: { operations: string[]; resources: string[]; scope: string }[];
  namespaceSelector: Selector;
  objectSelector?: Selector;
  matchConditions: { name: string; expression: string }[];
  failurePolicy: string;
  timeoutSeconds: number;
}

const URL = ['--url', 'https://127.0.0.1:8443'];

interface Configuration {
  kind: string;
  metadata: { name: string };
  webhooks: Webhook[];
}

/** The documents that the command must be able to print. */
async function configurations(...args: string[]): Promise<Configuration[]> {
  const { code, stdout, stderr } = await run('webhook-config', ...args);
  assert.equal(code, 0, stderr);
  return parseAllDocuments(stdout, { version: '1.1' }).map((document) => document.toJS() as Configuration);
}

/** The webhooks of the first, the mutating one. */
async function webhooks(...args: string[]): Promise<Webhook[]> {
  return (await configurations(...args))[0]?.webhooks ?? [];
}

const POLICIES = `
excludedNamespaces: [vault]
policies:
  - name: payments
    namespaceSelector:
      matchLabels: {team: payments}
      matchExpressions: [{key: stage, operator: In, values: ["on"]}]
    mode: enforce
    conventions: {requireRequest: deny}
  - name: careful
    namespaceSelector: {matchLabels: {team: search}}
    mode: warn
    conventions: {requireRequest: warn, minInterval: {interval: 15s, severity: warn}}
  - name: all
    namespaceSelector: {}
    mode: warn
    conventions: {allowedPorts: {ranges: [8080], severity: deny}}
`;

// `node --test --test-update-snapshots` writes the golden files: read the difference.
suite('golden configurations', () => {
  const golden = join(import.meta.dirname, 'golden', 'webhook-config');
  const variants: Record<string, { config: string; args: string[] }> = {
    annotation: { config: '', args: URL },
    label: { config: 'optIn: label', args: ['--service', 'monitoring/podscrape'] },
    'workloads-off': { config: 'workloads: off', args: URL },
    policies: { config: POLICIES, args: URL },
    namespace: {
      config:
        'optIn: namespace\nannotationPrefix: scrape.example.com\nexcludedNamespaces: [vault, kube-system]',
      args: [
        '--service',
        'monitoring/podscrape',
        '--service-port',
        '8443',
        '--namespace',
        'podscrape',
        '--failure-policy',
        'Fail',
      ],
    },
  };
  for (const [name, { config, args }] of Object.entries(variants)) {
    test(name, async (t) => {
      const path = file(temporaryFolder(t), 'podscrape.yaml', config);
      const { code, stdout } = await run('webhook-config', '--config', path, ...args);
      assert.equal(code, 0);
      t.assert.fileSnapshot(stdout, join(golden, `${name}.yaml`), { serializers: [String] });
    });
  }

  test('no file is missing or left over', () => {
    assert.deepEqual(
      readdirSync(golden).sort(),
      Object.keys(variants)
        .map((name) => `${name}.yaml`)
        .sort(),
    );
  });
});

suite('the entries', () => {
  test('share no object: each namespace and object is for at most one', async () => {
    const [pods, workloads, object] = await webhooks(...URL);
    assert.ok(pods && workloads && object);
    const resources = ({ rules }: Webhook): string[] => rules.flatMap((rule) => rule.resources);
    assert.deepEqual(
      resources(pods).filter((name) => resources(workloads).includes(name)),
      [],
    );
    assert.deepEqual(resources(object), [...resources(pods), ...resources(workloads)]);
    const inject = ({ namespaceSelector }: Webhook) => namespaceSelector.matchExpressions[1];
    const values = ['enabled', 'true'];
    assert.deepEqual(inject(pods), { key: 'podscrape.dev/inject', operator: 'In', values });
    assert.deepEqual(inject(workloads), inject(pods));
    assert.equal(inject(object)?.operator, 'NotIn');
    assert.ok(values.every((value) => inject(object)?.values.includes(value)));
  });

  test('never have a wildcard, a cluster-wide scope or a Pod update', async () => {
    for (const { rules } of await webhooks(...URL)) {
      for (const rule of rules) {
        assert.equal(rule.scope, 'Namespaced');
        assert.doesNotMatch(JSON.stringify(rule), /\*/);
        if (rule.resources.includes('pods')) assert.deepEqual(rule.operations, ['CREATE']);
      }
    }
  });

  test('all leave out the namespaces that are never touched, once each', async (t) => {
    const config = file(temporaryFolder(t), 'c.yaml', 'excludedNamespaces: [vault, monitoring]');
    for (const webhook of await webhooks('--config', config, '--service', 'monitoring/podscrape')) {
      assert.deepEqual(webhook.namespaceSelector.matchExpressions[0], {
        key: 'kubernetes.io/metadata.name',
        operator: 'NotIn',
        values: ['kube-system', 'kube-public', 'kube-node-lease', 'monitoring', 'vault'],
      });
    }
  });

  test('take policy and time from the command line', async () => {
    for (const webhook of await webhooks(...URL, '--failure-policy', 'Fail', '--timeout-seconds', '10')) {
      assert.deepEqual([webhook.failurePolicy, webhook.timeoutSeconds], ['Fail', 10]);
    }
  });
});

suite('policies', () => {
  const written = (t: TestContext, config: string): string[] => [
    ...URL,
    '--config',
    file(temporaryFolder(t), 'podscrape.yaml', config),
  ];

  test('that deny something have an entry each in a configuration of their own', async (t) => {
    const [mutating, validating, ...more] = await configurations(...written(t, POLICIES));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [mutating, validating].map((document) => [document?.kind, document?.metadata.name]),
      [
        ['MutatingWebhookConfiguration', '00-podscrape'],
        ['ValidatingWebhookConfiguration', 'podscrape'],
      ],
    );
    assert.deepEqual(
      validating?.webhooks.map(({ name, clientConfig }) => [name, clientConfig.url]),
      [
        ['payments.policies.podscrape.dev', 'https://127.0.0.1:8443/validate'],
        ['all.policies.podscrape.dev', 'https://127.0.0.1:8443/validate'],
      ],
    );
  });

  for (const [title, policies] of [
    ['none', ''],
    ['none that denies', 'policies: [{name: a, namespaceSelector: {}, conventions: {requireRequest: warn}}]'],
    ['none that asks for anything', 'policies: [{name: a, namespaceSelector: {}, mode: enforce}]'],
  ] as const) {
    test(`${title}: the mutating configuration alone`, async (t) => {
      const kinds = (await configurations(...written(t, policies))).map(({ kind }) => kind);
      assert.deepEqual(kinds, ['MutatingWebhookConfiguration']);
    });
  }

  test('are in force where their selector matches, in no excluded namespace, and unless it opted out', async (t) => {
    const [, validating] = await configurations(...written(t, POLICIES));
    const [payments, all] = validating?.webhooks ?? [];
    const excluded = ['kube-system', 'kube-public', 'kube-node-lease', 'vault'];
    const always = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excluded };
    const notOut = { key: 'podscrape.dev/inject', operator: 'NotIn', values: ['disabled', 'false'] };
    assert.deepEqual(payments?.namespaceSelector, {
      matchLabels: { team: 'payments' },
      matchExpressions: [always, { key: 'stage', operator: 'In', values: ['on'] }, notOut],
    });
    // Its mode is warn: only where the namespace asks for more.
    const enforced = { key: 'podscrape.dev/mode', operator: 'In', values: ['enforce'] };
    assert.deepEqual(all?.namespaceSelector, { matchExpressions: [always, notOut, enforced] });
  });

  test('that want every Pod to ask are sent those that do not, each by an entry of its own', async (t) => {
    const unasked = (await webhooks(...written(t, POLICIES))).filter(({ name }) => name.includes('unasked'));
    const excluded = ['kube-system', 'kube-public', 'kube-node-lease', 'vault'];
    const always = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: excluded };
    const said = ['enabled', 'true', 'disabled', 'false'];
    assert.deepEqual(
      unasked.map(({ name, namespaceSelector }) => [name, namespaceSelector]),
      [
        [
          'payments.unasked.podscrape.dev',
          {
            matchLabels: { team: 'payments' },
            matchExpressions: [
              always,
              { key: 'stage', operator: 'In', values: ['on'] },
              { key: 'podscrape.dev/inject', operator: 'NotIn', values: said },
            ],
          },
        ],
        [
          'careful.unasked.podscrape.dev',
          {
            matchLabels: { team: 'search' },
            matchExpressions: [always, { key: 'podscrape.dev/inject', operator: 'NotIn', values: said }],
          },
        ],
      ],
    );
    const quiet = POLICIES.replaceAll('mode: warn', 'mode: inject');
    const [, careful] = (await webhooks(...written(t, quiet))).filter(({ name }) => name.includes('unasked'));
    assert.deepEqual(careful?.namespaceSelector.matchExpressions.at(-1), {
      key: 'podscrape.dev/mode',
      operator: 'In',
      values: ['warn', 'enforce'],
    });
  });

  test('have a failure policy of their own, Ignore unless said', async (t) => {
    const config = written(t, POLICIES);
    const policiesOf = async (...args: string[]): Promise<string[][]> =>
      (await configurations(...config, ...args)).map((document) =>
        document.webhooks
          .map(({ failurePolicy }) => failurePolicy)
          .filter((word, i, all) => all[0] !== word || i === 0),
      );
    assert.deepEqual(await policiesOf('--failure-policy', 'Fail'), [['Fail'], ['Ignore']]);
    assert.deepEqual(await policiesOf('--validating-failure-policy', 'Fail'), [['Ignore'], ['Fail']]);
  });

  test('judge workloads even where they are never patched', async (t) => {
    const printed = await configurations(...written(t, `workloads: off\n${POLICIES}`));
    const [patched, judged] = printed.map(({ webhooks }) =>
      webhooks.map(({ rules }) => rules.flatMap((rule) => rule.resources)),
    );
    assert.deepEqual(patched, [['pods'], ['pods'], ['pods'], ['pods']]);
    for (const resources of judged ?? []) assert.ok(resources.includes('deployments'));
  });
});

suite('the address', () => {
  for (const [given, first] of [
    ['https://127.0.0.1:8443', 'https://127.0.0.1:8443/mutate/namespace'],
    ['https://127.0.0.1:8443/', 'https://127.0.0.1:8443/mutate/namespace'],
    ['https://[::1]:8443', 'https://[::1]:8443/mutate/namespace'],
    ['https://gateway.example.com/podscrape/', 'https://gateway.example.com/podscrape/mutate/namespace'],
  ] as const) {
    test(`${given} gets the paths appended`, async () => {
      const urls = (await webhooks('--url', given)).map(({ clientConfig }) => clientConfig.url);
      assert.deepEqual(urls, [first, `${first}/workloads`, first.replace(/namespace$/, 'object')]);
    });
  }

  test('a Service is named with its port', async () => {
    const [pods] = await webhooks('--service', 'monitoring/podscrape');
    const service = { namespace: 'monitoring', name: 'podscrape', port: 443, path: '/mutate/namespace' };
    assert.deepEqual(pods?.clientConfig, { service });
  });

  const wrong: [args: string, message: string][] = [
    ['', 'Give --url https://HOST:PORT or --service NAMESPACE/NAME'],
    ['--url https://a --service b/c', '--url and --service exclude each other'],
    ['--url https://a --service-port 1', '--service-port belongs to --service'],
    ['--url http://127.0.0.1:8443', 'speaks https only'],
    ['--url 127.0.0.1:8443', 'no URL'],
    ['--url https://', 'no URL'],
    ['--url https://user:word@a', 'refuses a user'],
    ['--url https://a/?x=1', 'refuses a query'],
    ['--url https://a?', 'refuses a query'],
    ['--url https://a#b', 'refuses a fragment'],
    ['--url https://a\tb', 'no URL'],
    ['--service podscrape', 'NAMESPACE/NAME'],
    ['--service a/b/c', 'NAMESPACE/NAME'],
    ['--service a/B', 'lower case'],
    ['--service /b', 'lower case'],
    ['--service a/b --service-port 0', 'a whole number from 1 to 65535'],
    ['--service a/b --timeout-seconds 31', 'a whole number from 1 to 30'],
    ['--service a/b --timeout-seconds 0', 'a whole number from 1 to 30'],
    ['--service a/b --failure-policy fail', 'Allowed choices are Ignore, Fail'],
    ['--service a/b --validating-failure-policy fail', 'Allowed choices are Ignore, Fail'],
    ['--service a/b --namespace a/b', 'lower case'],
  ];
  for (const [args, message] of wrong) {
    test(`refused: ${args}`, async () => {
      const { code, stdout, stderr } = await run(
        'webhook-config',
        ...args.split(' ').filter((word) => word !== ''),
      );
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.ok(stderr.includes(message), stderr);
    });
  }
});

suite('the CA', async () => {
  const set = await makeCertificates(alternativeNames([]), new Date());
  const old = await makeCertificates(alternativeNames([]), new Date('2020-01-01'));

  test('is the same in every entry, in base64', async (t) => {
    const ca = file(temporaryFolder(t), 'ca.crt', `a comment\n${set.ca}`);
    const { code, stderr } = await run('webhook-config', ...URL, '--ca-file', ca);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    for (const { clientConfig } of await webhooks(...URL, '--ca-file', ca)) {
      assert.equal(Buffer.from(clientConfig.caBundle ?? '', 'base64').toString(), set.ca);
    }
  });

  test('without it there is none, and a word about it on standard error', async () => {
    const { stdout, stderr } = await run('webhook-config', ...URL);
    assert.doesNotMatch(stdout, /caBundle/);
    assert.match(stderr, /^note: without --ca-file there is no caBundle: /);
  });

  test('that has expired is told', async (t) => {
    const ca = file(temporaryFolder(t), 'ca.crt', old.ca);
    const { code, stderr } = await run('webhook-config', ...URL, '--ca-file', ca);
    assert.equal(code, 0);
    assert.match(stderr, /^note: .*ca\.crt: certificate 1 expired at 20/);
  });

  for (const [title, content, message] of [
    ['a private key beside it', set.ca + set.key, 'there is a private key in it'],
    ['no PEM', 'hello', 'no PEM certificate'],
    ['a damaged one', set.ca.replace(/\n.{8}/, '\nAAAAAAAA'), 'certificate 1 is damaged'],
  ] as const) {
    test(`refused: ${title}`, async (t) => {
      const ca = file(temporaryFolder(t), 'ca.crt', content);
      const { code, stdout, stderr } = await run('webhook-config', ...URL, '--ca-file', ca);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
      assert.ok(stderr.startsWith(`${ca}: `) && stderr.includes(message), stderr);
      assert.ok(!stderr.includes(set.key.slice(40, 60)), 'no part of a key is printed');
    });
  }

  test('refused: no such file', async () => {
    const { code, stderr } = await run('webhook-config', ...URL, '--ca-file', '/nonexistent/ca.crt');
    assert.deepEqual({ code, stderr }, { code: 1, stderr: '/nonexistent/ca.crt: there is no such file\n' });
  });
});
