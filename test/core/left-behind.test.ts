// A configuration that no longer has what an injection was made with: what it added is still told from the owner's.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigFile } from '../../src/config/schema.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import { problemText } from '../../src/core/problem.ts';
import { hasSidecarShape } from '../../src/core/sidecar-shape.ts';
import { recorded } from '../../src/core/status.ts';
import { takeOut } from '../../src/core/uninject.ts';
import { engineConfig } from './support.ts';

const STATUS = 'podscrape.dev/status';
const where = { namespace: 'team-a', trigger: 'object' } as const;
const image = 'example.com/shop-exporter:1';
const made: ConfigFile = {
  profiles: {
    shop: { exporter: { exporter: 'shop-exporter', appEnv: [{ name: 'SHOP', value: '{port}' }] } },
  },
  exporters: { 'shop-exporter': { image, port: 9500, runAsUser: 1000, args: ['--listen=:{port}'] } },
  dialects: [{ prefix: 'scrape.example.com' }],
};
const bare: Pod = {
  metadata: { annotations: { 'podscrape.dev/profile': 'shop' } },
  spec: { containers: [{ name: 'web' }] },
};

function injected(file: ConfigFile, pod = bare): Pod {
  const { decision, pod: after } = inject(pod, where, engineConfig(file));
  assert.equal(decision.outcome, 'injected');
  return after;
}

function sidecarOf(pod: Pod): Container {
  const sidecar = pod.spec.containers.find(({ name }) => name === 'shop-exporter');
  assert.ok(sidecar !== undefined);
  return sidecar;
}

describe('a profile, exporter and dialect that are gone', () => {
  const { pod, problems } = takeOut(injected(made), engineConfig());

  it('are taken out but for the variable, which is told', () => {
    assert.deepEqual(pod.spec, { containers: [{ name: 'web', env: [{ name: 'SHOP', value: '9500' }] }] });
    assert.deepEqual(Object.keys(pod.metadata?.annotations ?? {}), ['podscrape.dev/profile', STATUS]);
    assert.deepEqual(problems.map(problemText), [
      'web/SHOP: stays, as no profile sets it; give the configuration that it was injected with, or remove it by hand',
    ]);
  });

  it('are still recorded, and go with the right configuration', () => {
    assert.deepEqual(recorded(pod, engineConfig()).added, { env: ['web/SHOP'] });
    assert.deepEqual(takeOut(pod, engineConfig()), { pod, problems });
    const after = takeOut(pod, engineConfig(made));
    assert.deepEqual(after.problems, []);
    assert.equal(after.pod.metadata?.annotations?.[STATUS], undefined);
    assert.deepEqual(after.pod.spec.containers[0]?.env ?? [], []);
  });
});

describe('a forged record', () => {
  const sidecar = sidecarOf(injected(made));
  const forged = (container: Container, added: object): Pod => ({
    metadata: {
      annotations: {
        'podscrape.dev/port': '1',
        'example.com/team': 'a',
        [STATUS]: JSON.stringify({ outcome: 'injected', reason: 'injected', version: '', config: '', added }),
      },
    },
    spec: { containers: [{ name: 'web' }, container] },
  });
  const context = sidecar.securityContext as object;
  const theirs: readonly (readonly [what: string, other: object])[] = [
    ['a command', { command: ['sh'] }],
    ['a pull policy', { imagePullPolicy: 'Always' }],
    ['a probe', { livenessProbe: {} }],
    ['variables from elsewhere', { envFrom: [{ secretRef: { name: 'a' } }] }],
    ['no port', { ports: [] }],
    ['a second port', { ports: [...(sidecar.ports ?? []), { containerPort: 1 }] }],
    ['a port of another name', { ports: [{ name: 'web', containerPort: 1 }] }],
    ['a UDP port', { ports: [{ name: 'metrics', containerPort: 1, protocol: 'UDP' }] }],
    ['a volume', { volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
    ['no security context', { securityContext: undefined }],
    ['a weaker one', { securityContext: { ...context, privileged: true } }],
    ['a user that is no number', { securityContext: { ...context, runAsUser: 'root' } }],
  ];
  const config = engineConfig();

  it('takes a container of the shape', () => {
    const filledIn = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' };
    const { runAsUser, ...anyUser } = context as { runAsUser: number };
    assert.equal(runAsUser, 1000);
    for (const more of [{}, filledIn, { securityContext: anyUser }]) {
      const pod = forged({ ...sidecar, ...more }, { containers: ['shop-exporter'] });
      assert.deepEqual(takeOut(pod, config).pod.spec.containers, [{ name: 'web' }]);
    }
  });

  for (const [what, other] of theirs) {
    it(`takes no container with ${what}`, () => {
      const container: Container = { ...sidecar, ...other };
      assert.equal(hasSidecarShape(container), false);
      const pod = forged(container, { containers: ['shop-exporter'] });
      assert.deepEqual(takeOut(pod, config).pod.spec, pod.spec);
    });
  }

  it('takes no variable and no annotation of the owner’s', () => {
    const added = { env: ['shop-exporter/OWN'], annotations: ['podscrape.dev/port', 'example.com/team'] };
    const pod = forged({ name: 'shop-exporter', env: [{ name: 'OWN', value: '1' }] }, added);
    const after = takeOut(pod, config).pod;
    assert.deepEqual(after.spec, pod.spec);
    const { [STATUS]: record, ...kept } = after.metadata?.annotations ?? {};
    assert.match(record ?? '', /"added":\{"env":\["shop-exporter\/OWN"\]\}/);
    assert.deepEqual(kept, { 'podscrape.dev/port': '1', 'example.com/team': 'a' });
  });

  it('never takes the last regular container', () => {
    const pod = forged(sidecar, { containers: ['shop-exporter'] });
    const alone = { ...pod, spec: { containers: [sidecar] } };
    assert.deepEqual(takeOut(alone, config).pod.spec, alone.spec);
  });
});

describe('an injection that an earlier configuration made', () => {
  const { exporters, ...rest } = made;
  const secret = { example: '127.0.0.1:1', form: 'host-port', secretHolds: 'the key' } as const;
  const later: ConfigFile = {
    ...rest,
    exporters: {
      'shop-exporter': {
        ...exporters?.['shop-exporter'],
        image: 'example.com/shop-exporter-two:2',
        args: ['--web=:{port}', '--remote={address}'],
        connection: { ...secret, address: { env: [{ name: 'ADDRESS', value: '{address}' }] } },
      },
    },
  };
  const asked: Pod = {
    ...bare,
    metadata: {
      annotations: { ...bare.metadata?.annotations, 'podscrape.dev/exporter-address': '10.0.0.1:1' },
    },
  };
  const old: Pod = injected(made, asked);

  it('stays, and so does its record; nothing is said of an exporter of the owner’s', () => {
    const { decision, pod } = inject(old, where, engineConfig(later));
    assert.deepEqual(pod.spec, old.spec);
    assert.deepEqual(decision.problems.map(problemText), []);
    assert.deepEqual(recorded(pod, engineConfig()).added, recorded(old, engineConfig()).added);
    assert.equal(inject(pod, where, engineConfig(later)).pod, pod);
    assert.deepEqual(takeOut(pod, engineConfig(later)).pod.spec, bare.spec);
  });

  it('is the owner’s where no record names it', () => {
    const annotations = { ...asked.metadata?.annotations };
    const { decision } = inject({ ...old, metadata: { annotations } }, where, engineConfig(later));
    assert.deepEqual(decision.added.containers, []);
    assert.deepEqual(
      decision.problems.map(({ code }) => code),
      ['ignored-key'],
    );
  });
});

describe('profiles that want one variable', () => {
  const config = (one: object, two: object, second = 'shop-exporter') =>
    engineConfig({
      exporters: {
        ...made.exporters,
        'other-exporter': { image: 'example.com/other-exporter:1', port: 9600, runAsUser: 1 },
      },
      profiles: {
        one: { exporter: { exporter: 'shop-exporter', appEnv: [{ name: 'SHOP', ...one }] } },
        two: { exporter: { exporter: second, appEnv: [{ name: 'SHOP', ...two }] } },
      } as unknown as NonNullable<ConfigFile['profiles']>,
    });
  const pod = (env: Container['env']): Pod => ({
    metadata: { annotations: { 'podscrape.dev/profile': 'one,two' } },
    spec: { containers: [{ name: 'web', ...(env === undefined ? {} : { env }) }] },
  });
  const a = { append: '--a={port}', unless: '--a' };
  const b = { append: '--b', unless: '--b' };
  const said =
    /^podscrape\.dev\/(?:profile: one and two want different|app-env: SHOP of web is set for another)/;
  for (const [what, settings, env, value, warns] of [
    ['both append', config(a, b), undefined, '--a=9500 --b', false],
    ['both append to the owner’s', config(a, b), [{ name: 'SHOP', value: 'x' }], 'x --a=9500 --b', false],
    ['a value is appended to', config({ value: 'v' }, b), undefined, 'v --b', false],
    ['the same value', config({ value: 'v' }, { value: 'v' }), undefined, 'v', false],
    ['two values', config({ value: 'v' }, { value: 'w' }), undefined, 'v', true],
    ['two exporters', config({ value: 'v' }, { value: 'w' }, 'other-exporter'), undefined, 'v', true],
  ] as const) {
    it(what, () => {
      const before = pod(env);
      const { decision, pod: after } = inject(before, where, settings);
      assert.deepEqual(after.spec.containers[0]?.env, [{ name: 'SHOP', value }]);
      const texts = decision.problems.map(problemText).filter((text) => text.includes('SHOP'));
      assert.equal(texts.length, warns ? 1 : 0, texts.join('\n'));
      if (warns) assert.match(texts.join('\n'), said);
      assert.equal(inject(after, where, settings).pod, after);
      assert.deepEqual(takeOut(after, settings).pod, before);
    });
  }
});
