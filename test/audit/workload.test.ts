import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { FindingCode } from '../../src/audit/finding.ts';
import { FINDINGS } from '../../src/audit/finding.ts';
import { remedyFor } from '../../src/audit/remedy.ts';
import { merged, Report } from '../../src/audit/report.ts';
import { knownWorkload, Workloads } from '../../src/audit/workload.ts';
import type { LivePod, Owner, OwnerLink } from '../../src/audit/workload.ts';
import { WORKLOAD_KINDS } from '../../src/core/workload-kinds.ts';
import { alive, podOf, today } from './support.ts';

const link = (kind: string, name: string, apiVersion = 'apps/v1'): OwnerLink => ({
  apiVersion,
  kind,
  name,
  uid: `${kind}-${name}`,
  controller: true,
});

/** An object of the kind, as the API server lists it. */
function listed(kind: string, name: string, owner?: OwnerLink, more: object = {}) {
  const row = WORKLOAD_KINDS.find((one) => one.kind === kind);
  assert.ok(row);
  const ownerReferences = owner === undefined ? [] : [owner];
  const object = { metadata: { name, uid: `${kind}-${name}`, ownerReferences }, ...more };
  const known = knownWorkload(object, row, today());
  assert.ok(known);
  return known;
}

function ownerOf(pod: LivePod, ...known: ReturnType<typeof listed>[]): Owner {
  const workloads = new Workloads();
  for (const one of known) workloads.add(one);
  return workloads.ownerOf(pod);
}

const of = (owner: OwnerLink): LivePod => alive(podOf({}), [owner]);
const who = ({ workload: { apiVersion, kind, name } }: Owner): string => `${apiVersion} ${kind} ${name}`;

describe('the workload of a Pod', () => {
  it('is itself, of a bare one', () => assert.equal(who(ownerOf(alive(podOf({})))), 'v1 Pod web-0'));

  it('is the Deployment of its ReplicaSet, the CronJob of its Job', () => {
    const set = listed('ReplicaSet', 'web-1', link('Deployment', 'web'));
    assert.equal(
      who(ownerOf(of(link('ReplicaSet', 'web-1')), set, listed('Deployment', 'web'))),
      'apps/v1 Deployment web',
    );
    const job = listed('Job', 'n-1', link('CronJob', 'n', 'batch/v1'));
    assert.equal(who(ownerOf(of(link('Job', 'n-1', 'batch/v1')), job)), 'batch/v1 CronJob n');
  });

  it('is what controls its ReplicaSet, of whatever kind', () => {
    const set = listed('ReplicaSet', 'web-1', link('Rollout', 'web', 'argoproj.io/v1alpha1'));
    assert.equal(who(ownerOf(of(link('ReplicaSet', 'web-1')), set)), 'argoproj.io/v1alpha1 Rollout web');
  });

  it('is as far as it is known', () => {
    const owner = ownerOf(of(link('ReplicaSet', 'web-1')));
    assert.deepEqual([who(owner), owner.known], ['apps/v1 ReplicaSet web-1', undefined]);
  });

  it('is nobody whose name is a command, or whose kind is a line of its own', () => {
    const pods = [
      link('Deployment', 'web; touch pwned #'),
      link('\u001B[31mred\nRollout', 'web'),
      link('', ''),
    ].map(of);
    assert.deepEqual(
      pods.map((pod) => who(ownerOf(pod))),
      pods.map(() => 'v1 Pod web-0'),
    );
    const set = listed('ReplicaSet', 'web-1', link('Deployment', '$(touch pwned)'));
    assert.equal(who(ownerOf(of(link('ReplicaSet', 'web-1')), set)), 'apps/v1 ReplicaSet web-1');
  });

  it('ends where owners own each other', () => {
    const one = listed('ReplicaSet', 'a', link('ReplicaSet', 'b'));
    const other = listed('ReplicaSet', 'b', link('ReplicaSet', 'a'));
    assert.match(who(ownerOf(of(link('ReplicaSet', 'a')), one, other)), /ReplicaSet [ab]$/);
  });
});

describe('what a workload asks for', () => {
  const P = 'podscrape.dev';
  const metadata = { annotations: { [`${P}/path`]: '/a', [`${P}/status`]: 'x', other: 'y' } };
  const object = {
    metadata: { name: 'web', uid: 'u', annotations: { [`${P}/profile`]: 'http', [`${P}/path`]: '/b' } },
    spec: { template: { metadata, spec: { containers: [{ name: 'web' }] } } },
  };
  const [row] = WORKLOAD_KINDS;
  const annotations = (config = today()) => knownWorkload(object, row!, config)?.asks.annotations;

  it('stands on itself and its template, which has the last word', () => {
    assert.deepEqual(annotations(), { [`${P}/profile`]: 'http', [`${P}/path`]: '/a' });
  });

  it('stands on its template alone where workloads are left alone', () => {
    assert.deepEqual(annotations(today({ workloads: 'off' })), { [`${P}/path`]: '/a' });
  });
});

describe('what to do about what was missed', () => {
  const spec = (update: object): object => ({ spec: update });
  const rows: readonly (readonly [string, Owner, string])[] = [
    [
      'Deployment',
      ownerOf(of(link('Deployment', 'web')), listed('Deployment', 'web')),
      'kubectl -n shop rollout restart deployment/web',
    ],
    [
      'paused Deployment',
      ownerOf(of(link('Deployment', 'web')), listed('Deployment', 'web', undefined, spec({ paused: true }))),
      'kubectl -n shop rollout resume deployment/web && kubectl -n shop rollout restart deployment/web',
    ],
    ['StatefulSet', ownerOf(of(link('StatefulSet', 'db'))), 'kubectl -n shop rollout restart statefulset/db'],
    [
      'DaemonSet that waits for deletions',
      ownerOf(
        of(link('DaemonSet', 'log')),
        listed('DaemonSet', 'log', undefined, spec({ updateStrategy: { type: 'OnDelete' } })),
      ),
      'kubectl -n shop delete pod/web-0',
    ],
    [
      'ReplicaSet',
      ownerOf(of(link('ReplicaSet', 'r')), listed('ReplicaSet', 'r')),
      'kubectl -n shop delete pod/web-0',
    ],
    ['ReplicaSet of somebody', ownerOf(of(link('ReplicaSet', 'r'))), ''],
    [
      'ReplicationController',
      ownerOf(of(link('ReplicationController', 'r', 'v1'))),
      'kubectl -n shop delete pod/web-0',
    ],
    ['Job', ownerOf(of(link('Job', 'j', 'batch/v1'))), ''],
    ['bare Pod', ownerOf(alive(podOf({}))), ''],
    ['Rollout', ownerOf(of(link('Rollout', 'web', 'argoproj.io/v1alpha1'))), ''],
    ['Deployment of another group', ownerOf(of(link('Deployment', 'web', 'example.com/v1'))), ''],
  ];
  for (const [name, owner, command] of rows) {
    it(`${name}: ${command === '' ? 'no command' : command}`, () => {
      const remedy = remedyFor('not-injected', owner, 'shop', 'web-0');
      assert.equal(remedy.command ?? '', command);
      assert.notEqual(remedy.text, '');
    });
  }

  it('a Job has to be made again by whoever made it', () => {
    const { text } = remedyFor('outdated', ownerOf(of(link('Job', 'j', 'batch/v1'))), 'shop', 'j-1');
    assert.equal(text, 'wait for its end, or delete the Job and apply its manifest again');
  });

  it('no restart for what a new Pod would not do better, nor for mere information', () => {
    const [, owner] = rows[0]!;
    const useless = (Object.keys(FINDINGS) as FindingCode[]).filter(
      (code) => FINDINGS[code].level === 'information' || code.includes('scrape'),
    );
    assert.ok(useless.length > 5);
    for (const code of useless)
      assert.doesNotMatch(remedyFor(code, owner, 'shop', 'web-0').command ?? '', /restart|delete/);
  });
});

describe('a report', () => {
  const deployment = ownerOf(of(link('Deployment', 'web')));
  const named = (name: string): LivePod => {
    const pod = alive(podOf({}));
    return { ...pod, metadata: { ...pod.metadata, name } };
  };
  const finding = (code: FindingCode) => ({ asks: true, findings: [{ code, message: `it is ${code}` }] });

  it('counts each Pod once, with what is worst, and groups by workload', () => {
    const [one, other] = [new Report(), new Report()];
    one.add(named('web-1'), deployment, finding('refused'));
    one.add(named('web-2'), deployment, finding('not-injected'));
    one.add(named('web-3'), deployment, finding('not-injected'));
    one.add(named('web-4'), deployment, { asks: true, findings: [] });
    one.add(named('web-5'), deployment, { leftOut: 'finished', asks: false, findings: [] });
    other.add(named('lone'), ownerOf(named('lone')), finding('outdated'));
    other.add(named('quiet'), ownerOf(named('quiet')), { asks: false, findings: [] });
    const both = [...finding('scrape-doubtful').findings, ...finding('status-differs').findings];
    other.add(named('both'), ownerOf(named('both')), { asks: true, findings: both });
    const { summary, findings } = merged([one, other]);
    const leftOut = { finished: 1, terminating: 0, mirror: 0, excluded: 0 };
    assert.deepEqual(summary, { pods: 8, missed: 4, information: 1, inOrder: 1, notAsking: 1, leftOut });
    assert.deepEqual(
      findings.map(({ code, workload, pods, of: all, names }) => [code, workload.name, pods, all, names]),
      [
        ['not-injected', 'web', 2, 4, ['web-2', 'web-3']],
        ['status-differs', 'both', 1, 1, ['both']],
        ['outdated', 'lone', 1, 1, ['lone']],
        ['refused', 'web', 1, 4, ['web-1']],
        ['scrape-doubtful', 'both', 1, 1, ['both']],
      ],
    );
  });
});
