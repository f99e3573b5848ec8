import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { startControlPlane } from './control-plane.ts';
import { podsOf } from './pods.ts';
import type { PodObject } from './pods.ts';
import {
  apply,
  cronJob,
  deployment,
  enforce,
  exemption,
  FINE,
  OFF,
  OFF_PATH,
  OFF_PORT,
  pod,
  policy,
  warningsIn,
} from './policy-support.ts';
import { requireCluster } from './require.ts';
import { get } from './webhook.ts';
import type { Webhook } from './webhook.ts';

const POLICIES = [
  policy('watched', 'audit'),
  policy('helped', 'inject'),
  policy('advised', 'warn'),
  policy('guarded', 'enforce', {
    exemptions: [exemption('legacy', '2999-01-01'), exemption('ended', '2020-01-01T00:00:00Z')],
  }),
  policy('asked', 'enforce', { conventions: { requireRequest: 'deny' } }),
  policy('curious', 'warn', { conventions: { requireRequest: 'warn' } }),
  policy('counted', 'audit', { conventions: { requireRequest: 'deny' } }),
  policy('also', 'enforce', { namespaceSelector: { matchLabels: { also: 'guarded' } } }),
  policy('yielding', 'enforce', { allowOverride: true }),
];

/** Each namespace with its labels. */
const NAMESPACES: Readonly<Record<string, Record<string, string>>> = {
  free: {},
  watched: { stage: 'watched' },
  helped: { stage: 'helped' },
  advised: { stage: 'advised' },
  guarded: { stage: 'guarded' },
  asked: { stage: 'asked' },
  curious: { stage: 'curious' },
  counted: { stage: 'counted' },
  tightened: { stage: 'helped', 'podscrape.dev/mode': 'enforce' },
  loosening: { stage: 'guarded', 'podscrape.dev/mode': 'audit' },
  'yielding-audit': { stage: 'yielding', 'podscrape.dev/mode': 'audit' },
  'yielding-inject': { stage: 'yielding', 'podscrape.dev/mode': 'inject' },
  // The first policy that matches is the one, though the last one has it sent for validation.
  overlapping: { stage: 'watched', also: 'guarded' },
};

describe('policies, on a real control plane', await requireCluster('policies'), () => {
  let plane: ControlPlane;
  let webhook: Webhook;

  before(async () => {
    plane = await startControlPlane();
    for (const [name, labels] of Object.entries(NAMESPACES)) await plane.createNamespace(name, labels);
    webhook = await enforce(plane, POLICIES, 'guarded');
  });
  after(async () => {
    await webhook.stop();
    await plane.stop();
  });

  const modes: [namespace: string, injected: boolean, warnings: readonly string[]][] = [
    ['free', true, []],
    ['watched', false, []],
    ['overlapping', false, []],
    ['yielding-audit', false, []],
    ['helped', true, []],
    ['yielding-inject', true, []],
    ['advised', true, [`${OFF_PORT} (policy "advised")`, `${OFF_PATH} (policy "advised")`]],
  ];
  for (const [namespace, injected, warnings] of modes) {
    describe(`off convention in ${namespace}: ${warnings.length} warnings, injected: ${injected}`, () => {
      it('a Pod', async () => {
        const { code, stderr } = await apply(plane, namespace, pod('app', OFF));
        assert.equal(code, 0, stderr);
        assert.deepEqual(warningsIn(stderr), warnings);
        const path = `/api/v1/namespaces/${namespace}/pods/app`;
        assertInjected((await plane.request<PodObject>('GET', path)).body, injected);
        await plane.request('DELETE', `${path}?gracePeriodSeconds=0`);
      });

      it('a Deployment is told at once, and its Pod is the same', async () => {
        const { code, stderr } = await apply(plane, namespace, deployment('app', OFF));
        assert.equal(code, 0, stderr);
        assert.deepEqual(warningsIn(stderr), warnings);
        const [made] = await podsOf(plane, namespace, 1);
        assert.ok(made);
        assertInjected(made, injected);
      });
    });
  }

  it('on convention: injected wherever the policy does not only watch, in silence', async () => {
    for (const namespace of ['free', 'watched', 'helped', 'advised', 'guarded', 'asked', 'tightened']) {
      const { status, warnings, body } = await dry(namespace, pod('fine', FINE));
      assert.deepEqual([status, warnings], [201, []], namespace);
      assertInjected(body, namespace !== 'watched', '8080');
    }
  });

  it('a request on the Deployment itself goes into the template, unless the policy only watches', async () => {
    for (const namespace of ['helped', 'watched']) {
      const asking = { ...deployment('hoisted', {}), metadata: { name: 'hoisted', annotations: FINE } };
      assert.equal((await apply(plane, namespace, asking)).code, 0);
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/hoisted`;
      const { body } = await plane.request<{ spec: { template: KubeObject } }>('GET', path);
      const hoisted = body.spec.template.metadata?.annotations?.['podscrape.dev/profile'];
      assert.equal(hoisted, namespace === 'helped' ? 'http' : undefined);
    }
  });

  it('what is off where the policy only watches is counted', async () => {
    assert.equal((await dry('watched', pod('counted', OFF))).status, 201);
    const { body } = await get(webhook.healthPort, '/metrics');
    const counted = (convention: string, severity: string): RegExp =>
      new RegExp(
        `podscrape_convention_violations_total\\{convention="${convention}",severity="${severity}",mode="audit"\\} [1-9]`,
      );
    assert.match(body, counted('allowedPorts', 'deny'));
    assert.match(body, counted('pathPattern', 'warn'));
  });

  describe('enforce', () => {
    const asking = { ...deployment('off', {}), metadata: { name: 'off', annotations: OFF } };
    const objects: [title: string, object: KubeObject][] = [
      ['Pod', pod('off', OFF)],
      ['Deployment', deployment('off', OFF)],
      ['Deployment that asks on its own metadata', asking],
      ['CronJob', cronJob('off', OFF)],
    ];
    for (const namespace of ['guarded', 'tightened', 'loosening']) {
      for (const [title, object] of objects) {
        it(`${namespace}: kubectl apply of a ${title} is denied`, async () => {
          const { code, stdout, stderr } = await apply(plane, namespace, object);
          assert.notEqual(code, 0);
          assert.equal(stdout, '');
          assert.match(stderr, /^Error from server \(Forbidden\)/m);
        });
      }
    }

    it('says where, what is off, what is allowed, whose policy it is, and the ways out', async () => {
      const { stderr } = await apply(plane, 'guarded', deployment('off', OFF));
      const denial = /^Error from server .*$/m.exec(stderr)?.[0] ?? '';
      const parts = {
        entry: 'admission webhook "guarded.policies.podscrape.dev" denied the request: ',
        policy: 'policy "guarded"',
        place: 'podscrape.dev/port',
        off: '9100',
        allowed: '8000-8999',
        optOut: 'podscrape.dev/inject: disabled',
        // The one that has ended is no way out.
        exemption: 'exempt are Pods labelled app=legacy',
      };
      for (const [part, text] of Object.entries(parts))
        assert.ok(denial.includes(text), `${part} in ${denial}`);
      assert.doesNotMatch(denial, /app=ended|does not match/);
    });

    it('what is only to be warned of is a warning beside the denial', async () => {
      const { stderr } = await apply(plane, 'guarded', pod('off', OFF));
      assert.deepEqual(warningsIn(stderr), [`${OFF_PATH} (policy "guarded")`]);
    });

    it('a label that tightens: the policy that it tightens is named', async () => {
      const { stderr } = await apply(plane, 'tightened', pod('off', OFF));
      assert.ok(stderr.includes(`off policy "helped": ${OFF_PORT};`), stderr);
    });

    it('a label that would loosen: who asks is told that it counts for nothing', async () => {
      const { warnings } = await dry('loosening', pod('fine', FINE));
      assert.deepEqual(warnings, [
        'podscrape.dev/mode: namespace label ignored, audit is looser than enforce, that of policy "guarded"',
      ]);
    });

    for (const flag of ['--dry-run=server', '--server-side']) {
      it(`${flag}: denied in the same words`, async () => {
        const denial = async (more: readonly string[]) => {
          const { stderr } = await apply(plane, 'guarded', deployment('off', OFF), more);
          return /denied the request: .*/.exec(stderr)?.[0];
        };
        const words = await denial([]);
        assert.notEqual(words, undefined);
        assert.equal(await denial([flag]), words);
      });
    }

    it('what opts out goes in, untouched', async () => {
      const { status, body } = await dry(
        'guarded',
        pod('out', { ...OFF, 'podscrape.dev/inject': 'disabled' }),
      );
      assert.equal(status, 201, JSON.stringify(body));
      assertInjected(body, false);
    });
  });

  describe('requireRequest', () => {
    for (const object of [pod('silent', {}), deployment('silent', {}), cronJob('silent', {})]) {
      it(`a ${object.kind ?? ''} that says nothing is denied, and told how to say something`, async () => {
        const { code, stderr } = await apply(plane, 'asked', object);
        assert.notEqual(code, 0);
        const words = 'podscrape.dev/profile not set: name one, or set podscrape.dev/inject: disabled';
        assert.ok(stderr.includes(words), stderr);
      });
    }

    const OUT = { 'podscrape.dev/inject': 'disabled' };
    const ways: [way: string, annotations: Record<string, string>, labels: Record<string, string>][] = [
      ['annotation', OUT, {}],
      ['label', {}, OUT],
    ];
    for (const [way, annotations, labels] of ways) {
      it(`opting out by ${way} is an answer: Pods and Deployments go in untouched`, async () => {
        const { status, body } = await dry('asked', pod(way, annotations, labels));
        assert.equal(status, 201, JSON.stringify(body));
        assertInjected(body, false);
        const { code, stderr } = await apply(plane, 'asked', deployment(way, annotations, labels));
        assert.equal(code, 0, stderr);
        await plane.waitFor(`the Pod of ${way}`, async () => {
          const pods = await plane.request('GET', `/api/v1/namespaces/asked/pods?labelSelector=app=${way}`);
          return pods.body.items?.length;
        });
      });
    }

    it('where it warns, a Deployment that says nothing goes in, with a warning', async () => {
      const { code, stderr } = await apply(plane, 'curious', deployment('silent', {}));
      assert.equal(code, 0, stderr);
      const words = 'podscrape.dev/profile not set: name one, or set podscrape.dev/inject: disabled';
      assert.ok(stderr.includes(`Warning: ${words}`), stderr);
      const { status, warnings, body } = await dry('curious', pod('silent', {}));
      assert.equal(status, 201);
      assert.equal(warnings.length, 1);
      assertInjected(body, false);
    });

    it('where it only watches, such a Pod is counted without a word', async () => {
      const { status, warnings } = await dry('counted', pod('silent', {}));
      assert.equal(status, 201);
      assert.deepEqual(warnings, []);
      const { body } = await get(webhook.healthPort, '/metrics');
      assert.match(
        body,
        /podscrape_convention_violations_total\{convention="requireRequest",severity="deny",mode="audit"\} 1/,
      );
    });

    it('asking is one too', async () => {
      const { code, stderr } = await apply(plane, 'asked', deployment('asking', FINE));
      assert.equal(code, 0, stderr);
    });
  });

  function dry(namespace: string, object: KubeObject) {
    return plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, object);
  }
});

function assertInjected({ metadata }: PodObject, injected: boolean, port = '9100'): void {
  const { annotations = {} } = metadata;
  assert.equal(annotations['prometheus.io/port'], injected ? port : undefined);
  assert.equal('podscrape.dev/status' in annotations, injected);
}
