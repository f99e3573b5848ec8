import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { PassThrough } from 'node:stream';
import { parse } from 'yaml';

import { remedyFor } from '../../src/audit/remedy.ts';
import { auditText } from '../../src/commands/audit-text.ts';
import { registrationOf } from '../../src/commands/audit-registration.ts';
import { today } from '../audit/support.ts';
import { scratch } from '../tools/scratch.ts';
import { run } from './run.ts';

const web = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const lone = { apiVersion: 'v1', kind: 'Pod', name: 'lone' };
const RESULT = {
  engine: today(),
  jobs: 'podscrape’s own jobs',
  namespaces: ['shop'],
  registered: true,
  unknown: [],
  summary: {
    pods: 9,
    missed: 2,
    information: 1,
    inOrder: 3,
    notAsking: 1,
    leftOut: { finished: 2, terminating: 0, mirror: 0, excluded: 0 },
  },
  findings: [
    {
      code: 'not-injected' as const,
      level: 'missed' as const,
      namespace: 'shop',
      workload: web,
      pods: 2,
      of: 5,
      example: 'web-1',
      names: ['web-1', 'web-2'],
      message: 'asks',
      remedy: remedyFor('not-injected', { workload: web, known: undefined }, 'shop', 'web-1'),
    },
    {
      code: 'refused' as const,
      level: 'information' as const,
      namespace: 'shop',
      workload: lone,
      pods: 1,
      of: 1,
      example: 'lone',
      names: ['lone'],
      message: 'is wrong',
      remedy: remedyFor('refused', { workload: lone, known: undefined }, 'shop', 'lone'),
    },
  ],
};

const TABLE = `NAMESPACE  WORKLOAD        PODS    FINDING
shop       deployment/web  2 of 5  not-injected
  web-1: asks
  → restart it: kubectl -n shop rollout restart deployment/web
shop       pod/lone        1 of 1  refused
  is wrong
  → mend the request

9 Pods: 2 missed, 1 to know about, 3 in order, 1 not asking, 2 finished
shop, podscrape’s own jobs
`;

describe('the table of an audit', () => {
  it('has a sentence and a remedy below each finding', () => {
    assert.equal(auditText(RESULT, new PassThrough()), TABLE);
  });

  it('has the same in colour on a terminal', () => {
    const before = process.env['NO_COLOR'];
    delete process.env['NO_COLOR'];
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const coloured = auditText(RESULT, terminal);
    if (before !== undefined) process.env['NO_COLOR'] = before;
    assert.match(coloured, /\u001B\[31mnot-injected\u001B\[39m\n/);
    assert.equal(coloured.replace(/\u001B\[\d+m/g, ''), TABLE);
  });

  it('is one line where nothing was found', () => {
    const summary = { ...RESULT.summary, missed: 0 };
    const text = auditText({ ...RESULT, summary, findings: [], namespaces: [] }, new PassThrough());
    assert.match(text, /^9 Pods: nothing missed, .*\nall namespaces, podscrape’s own jobs\n$/);
  });
});

describe('what the webhook’s registration leaves out', () => {
  const entry = (...names: string[]) => ({
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: names }],
    },
  });
  const of = (...webhooks: object[]) =>
    registrationOf({ metadata: { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' }, webhooks } as never);

  it('is what every entry leaves out', () => {
    const { excluded, since } = of(entry('kube-system', 'podscrape'), entry('podscrape', 'other'));
    assert.deepEqual([excluded, since], [['podscrape'], Date.parse('2026-01-01T00:00:00Z')]);
    assert.deepEqual(of(entry('podscrape'), {}).excluded, []);
    assert.deepEqual(of().excluded, []);
    const key = 'kubernetes.io/metadata.name';
    const only = { namespaceSelector: { matchExpressions: [{ key, operator: 'In', values: ['shop'] }] } };
    assert.deepEqual(of(only).excluded, []);
  });
});

describe('podscrape audit without a cluster', () => {
  const rows: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['-n', 'Shop'], 2, /option '-n, --namespace <name>'.*lower case/],
    [['-l', ' '], 2, /It must name labels/],
    [['-o', 'text'], 2, /Allowed choices are table, json, yaml/],
    [['--preset', 'prometheus-community', '--prometheus-config', 'x.yml'], 2, /exclude each other/],
    [['--kubeconfig', '/nowhere'], 1, /^\/nowhere: .*; give another with --kubeconfig FILE\n$/],
    [['--config', '/nowhere'], 1, /^\/nowhere: /],
    [['--prometheus-config', '/nowhere'], 1, /^\/nowhere: /],
  ];
  for (const [args, code, stderr] of rows) {
    it(args.join(' '), async () => {
      const ran = await run('audit', ...args);
      assert.deepEqual([ran.code, ran.stdout], [code, '']);
      assert.match(ran.stderr, stderr);
    });
  }

  it('a cluster that is away: exit code 1, and who was asked', async (t) => {
    const folder = scratch(t);
    const file = join(folder, 'kubeconfig');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(file, JSON.stringify(config));
    const ran = await run('audit', '--kubeconfig', file);
    assert.equal(ran.code, 1);
    assert.match(
      ran.stderr,
      /^namespaces: no answer from https:\/\/127.0.0.1:1 .*; is the cluster up, and is .* the right one\?\n$/,
    );
  });

  it('--print-rbac grants get and list, also for the kinds of the configuration', async (t) => {
    const folder = scratch(t);
    const file = join(folder, 'podscrape.yaml');
    const kind = { group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', resource: 'rollouts' };
    writeFileSync(file, JSON.stringify({ workloadKinds: [kind] }));
    const { code, stdout } = await run('audit', '--print-rbac', '--config', file);
    assert.equal(code, 0);
    const { rules } = parse(stdout) as {
      rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    };
    assert.deepEqual([...new Set(rules.flatMap(({ verbs }) => verbs))].sort(), ['get', 'list']);
    const rollouts = rules.find(({ apiGroups }) => apiGroups.includes('argoproj.io'));
    assert.deepEqual(rollouts?.resources, ['rollouts']);
  });
});
