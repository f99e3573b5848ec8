// What no built-in exporter needs, and the configuration can ask for: every way to connect, arguments, files, times.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision } from '../../src/core/decision.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, EnvVar, Pod } from '../../src/core/kubernetes.ts';
import { problemText } from '../../src/core/problem.ts';
import type { AppEnv, Connection, Exporter, Profile } from '../../src/core/profile.ts';
import { recorded } from '../../src/core/status.ts';
import { uninject } from '../../src/core/uninject.ts';
import { engineConfig } from './support.ts';

const PREFIX = 'podscrape.dev';
const env = (name: string) => [{ name, value: '{address}' }] as const;
const connection: Connection = { example: '127.0.0.1:1', form: 'host-port', secretHolds: 'the password' };

interface Given {
  readonly exporter?: Partial<Exporter>;
  readonly profile?: Partial<Profile>;
  readonly more?: readonly Profile[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly containers?: readonly Container[];
}

interface Seen {
  readonly decision: Decision;
  readonly pod: Pod;
  readonly texts: readonly string[];
  readonly sidecar: Container | undefined;
  readonly config: EngineConfig;
}

/** Injects a Pod that asks for the profile `shop`, whose exporter is made for the test. */
function given({ exporter = {}, profile = {}, more = [], annotations = {}, containers = [] }: Given): Seen {
  const base = engineConfig();
  const shopExporter: Exporter = {
    name: 'shop-exporter',
    image: 'example.com/shop-exporter:1',
    imageNames: [],
    port: 9500,
    path: '/metrics',
    args: ['--listen=:{port}'],
    runAsUser: 1000,
    go: false,
    resources: { cpuRequest: '10m', cpuLimit: '100m', memoryRequest: '32Mi', memoryLimit: '128Mi' },
    ...exporter,
  };
  const shop: Profile = {
    name: 'shop',
    summary: 'A shop.',
    exporter: { exporter: 'shop-exporter', appEnv: [] },
    ...profile,
  };
  const config: EngineConfig = {
    ...base,
    profiles: new Map([...base.profiles, ...[shop, ...more].map((row) => [row.name, row] as const)]),
    exporters: new Map([...base.exporters, ['shop-exporter', shopExporter]]),
  };
  const keys = Object.entries({ profile: 'shop', ...annotations }).map(([k, v]) => [`${PREFIX}/${k}`, v]);
  const before: Pod = {
    metadata: { annotations: Object.fromEntries(keys) as Record<string, string> },
    spec: { containers: [{ name: 'web' }, ...containers] },
  };
  const where = { namespace: 'team-a', trigger: 'object' } as const;
  const { decision, pod } = inject(before, where, config);
  const second = inject(pod, where, config);
  assert.equal(second.pod, pod, 'the second pass changes nothing');
  const { added, changed } = recorded(pod, config);
  if (decision.outcome === 'injected') assert.deepEqual(uninject(pod, added, changed, config), before);
  return {
    decision,
    pod,
    config,
    texts: decision.problems.map(problemText),
    sidecar: pod.spec.containers.find(({ name }) => name === 'shop-exporter'),
  };
}

const ADDRESS = { 'exporter-address': '10.0.0.1:1' };
const SECRET = { 'exporter-secret': 'shop/key' };
const optional = (name: string): EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: 'shop', key: 'key', optional: true } },
});

describe('the ways to connect', () => {
  const both: Connection = { ...connection, both: { env: [...env('A'), { name: 'S', secret: true }] } };
  const address: Connection = { ...connection, address: { env: env('A') } };
  const secret: Connection = { ...connection, secret: { env: [{ name: 'S', secret: true }] } };
  const text = (key: string, rest: string): string => `${PREFIX}/exporter-${key}${rest}`;
  const needsBoth = text(
    'secret',
    ' not set: NAME/KEY of a Secret with the password; shop-exporter needs both',
  );
  const needsSecret = text(
    'secret',
    ' not set: NAME/KEY of a Secret with the password; shop-exporter needs it',
  );
  const needsAddress = text('address', ' not set: shop-exporter needs an address; write it like 127.0.0.1:1');
  const notBoth = text('secret', ': shop-exporter takes this or exporter-address, not both; remove one');
  const noAddress = text(
    'address',
    ': shop-exporter takes no address; exporter-secret: NAME/KEY of a Secret with the password',
  );
  const noSecret = text('secret', ': shop-exporter takes no Secret; exporter-address: 127.0.0.1:1');
  const rows: readonly (readonly [string, Connection, object, readonly EnvVar[] | string])[] = [
    [
      'both, both given',
      both,
      { ...ADDRESS, ...SECRET },
      [{ name: 'A', value: '10.0.0.1:1' }, optional('S')],
    ],
    ['both, an address', both, ADDRESS, needsBoth],
    ['both, a Secret', both, SECRET, needsAddress],
    ['both, nothing', both, {}, needsSecret],
    ['address, both given', address, { ...ADDRESS, ...SECRET }, notBoth],
    ['address, an address', address, ADDRESS, [{ name: 'A', value: '10.0.0.1:1' }]],
    ['address, a Secret', address, SECRET, noSecret],
    ['address, nothing', address, {}, needsAddress],
    ['address with a default', { ...address, defaultAddress: 'x:2' }, {}, [{ name: 'A', value: 'x:2' }]],
    ['secret, both given', secret, { ...ADDRESS, ...SECRET }, notBoth],
    ['secret, an address', secret, ADDRESS, noAddress],
    ['secret, a Secret', secret, SECRET, [optional('S')]],
    ['secret, nothing', secret, {}, needsSecret],
    ['a default that has no way', { ...secret, defaultAddress: 'x:2' }, {}, needsSecret],
    [
      'a Secret beside the default address',
      { ...connection, defaultAddress: 'x:2', secret: { env: [...env('A'), { name: 'S', secret: true }] } },
      SECRET,
      [{ name: 'A', value: 'x:2' }, optional('S')],
    ],
  ];
  for (const [name, way, annotations, expected] of rows) {
    it(name, () => {
      const { sidecar, texts } = given({ exporter: { connection: way }, annotations: { ...annotations } });
      if (typeof expected === 'string') assert.deepEqual(texts, [expected]);
      else assert.deepEqual([sidecar?.env, texts], [expected, []]);
    });
  }

  it('each key goes to the one exporter that can take it', () => {
    const { sidecar, texts } = given({
      exporter: { connection: secret },
      annotations: { profile: 'shop,pushgateway', 'exporter-address': 'push:9091', ...SECRET },
    });
    assert.deepEqual([sidecar?.env, texts], [[optional('S')], []]);
  });

  it('what an earlier pass has read is not said to be unread', () => {
    const { pod, config } = given({ exporter: { connection: address }, annotations: ADDRESS });
    const { decision } = inject(pod, { namespace: 'team-a', trigger: 'object' }, config);
    assert.deepEqual(decision.problems, []);
  });

  it('arguments take the address as it is, in one go and with every dollar doubled', () => {
    const way: Connection = { ...connection, form: 'any', address: { args: ['--to={address}/{port}'] } };
    const { sidecar } = given({
      exporter: { connection: way },
      annotations: { 'exporter-address': 'tcp://$A{port}$&' },
    });
    assert.deepEqual(sidecar?.args, ['--listen=:9500', '--to=tcp://$$A{port}$$&/9500']);
  });

  it('an address of a mebibyte is refused in a few words', () => {
    const way: Connection = { ...connection, form: 'any', address: { args: ['--to={address}'] } };
    const { texts } = given({
      exporter: { connection: way },
      annotations: { 'exporter-address': 'a'.repeat(1 << 20) },
    });
    assert.deepEqual(texts, [
      text('address', ': is 1048576 characters long, at most 2048 are allowed'),
      `${PREFIX}/status: nothing is injected: all annotations together would exceed 256 KiB`,
    ]);
  });
});

describe('an exporter', () => {
  it('has its own variables, and Go’s memory bound only where it is written in Go', () => {
    const own = [{ name: 'LISTEN', value: '0.0.0.0:{port}' }];
    const filled = { name: 'LISTEN', value: '0.0.0.0:9500' };
    assert.deepEqual(given({ exporter: { env: own } }).sidecar?.env, [filled]);
    const bound = { name: 'GOMEMLIMIT', value: '115MiB' };
    assert.deepEqual(given({ exporter: { env: own, go: true } }).sidecar?.env, [filled, bound]);
    assert.equal(given({}).sidecar?.env, undefined);
  });

  it('of the owner is found at the port that a variable sets', () => {
    const own = { name: 'shop-exporter', env: [{ name: 'LISTEN', value: '0.0.0.0:9777' }] };
    const { decision } = given({
      exporter: { args: [], env: [{ name: 'LISTEN', value: '0.0.0.0:{port}' }] },
      containers: [own],
    });
    assert.deepEqual(
      decision.targets.map(({ port }) => port),
      [9777],
    );
  });

  it('gets the arguments of all profiles that share it, each once', () => {
    const profile = (name: string, args: string[]): Profile => ({
      name,
      summary: name,
      exporter: { exporter: 'shop-exporter', args, appEnv: [] },
    });
    const { sidecar } = given({
      profile: profile('shop', ['--a', '--b={port}']),
      more: [profile('till', ['--b={port}', '--c', '--listen=:{port}'])],
      annotations: { profile: 'shop,till' },
    });
    assert.deepEqual(sidecar?.args, ['--listen=:9500', '--a', '--b=9500', '--c']);
  });

  it('of profiles that bring different files is refused, and gets a file that they share', () => {
    const mapping = { arg: '--file={file}', directory: '/etc/shop', file: 'a', format: 'text' } as const;
    const profile = (name: string, text: string): Profile => ({
      name,
      summary: name,
      exporter: { exporter: 'shop-exporter', mapping: text, appEnv: [] },
    });
    const asking = (till: string): Seen =>
      given({
        exporter: { mapping },
        profile: profile('shop', 'a: b'),
        more: [profile('till', till)],
        annotations: { profile: 'shop,till' },
      });
    const text = `${PREFIX}/profile: shop and till bring different mappings to one exporter; keep one`;
    assert.deepEqual(asking('c: d').texts, [text]);
    assert.deepEqual(asking('a: b').sidecar?.args, ['--listen=:9500', '--file=/etc/shop/a']);
  });

  it('keeps its file where the mapping is for statsd_exporter', () => {
    const mapping = {
      arg: '--file={file}',
      directory: '/etc/shop',
      file: 'shop.yaml',
      format: 'text',
    } as const;
    const { texts, pod, sidecar } = given({
      exporter: { mapping },
      profile: { exporter: { exporter: 'shop-exporter', mapping: 'a: b', appEnv: [] } },
      annotations: { 'statsd-mapping': 'mappings: []', 'statsd-mapping-configmap': 'team' },
    });
    assert.equal(pod.metadata?.annotations?.[`${PREFIX}/mapping`], 'a: b');
    assert.deepEqual(sidecar?.args, ['--listen=:9500', '--file=/etc/shop/shop.yaml']);
    assert.deepEqual(
      texts,
      ['statsd-mapping', 'statsd-mapping-configmap'].map(
        (key) => `${PREFIX}/${key}: ignored, because no exporter of the request reads it; remove it`,
      ),
    );
  });

  it('is named to the application by port and by URL', () => {
    const appEnv: AppEnv[] = [
      { name: 'PORT', value: '{port}' },
      { name: 'ARGS', append: '--push={url}/x --port={port}', unless: '--push' },
      { name: 'NONE', value: '{ingest}' },
    ];
    const { pod } = given({ profile: { exporter: { exporter: 'shop-exporter', appEnv } } });
    assert.deepEqual(pod.spec.containers[0]?.env, [
      { name: 'PORT', value: '9500' },
      { name: 'ARGS', value: '--push=http://127.0.0.1:9500/x --port=9500' },
    ]);
  });

  it('outside the Pod extends a variable too, and is taken out of it again', () => {
    const appEnv: AppEnv[] = [{ name: 'ARGS', append: '--push={url}', unless: '--push' }];
    const { pod, config } = given({
      exporter: { external: true },
      profile: { exporter: { exporter: 'shop-exporter', appEnv } },
      annotations: { 'exporter-address': 'push:9091/a$b/' },
    });
    assert.deepEqual(pod.spec.containers, [
      { name: 'web', env: [{ name: 'ARGS', value: '--push=http://push:9091/a$$b' }] },
    ]);
    const theirs: Pod = {
      spec: { containers: [{ name: 'web', env: [{ name: 'ARGS', value: '-v --push=https://p/a -x' }] }] },
    };
    const bare = uninject(theirs, { extended: ['web/ARGS'] }, {}, config);
    assert.equal(bare.spec.containers[0]?.env?.[0]?.value, '-v -x');
  });
});

describe('the times of a profile', () => {
  const times = (profile: Partial<Profile>, annotations: Record<string, string> = {}): unknown => {
    const { decision, texts } = given({ profile, annotations });
    const errors = texts.filter((line) => line.includes('longer'));
    return [...decision.targets.map(({ interval, timeout }) => `${interval} ${timeout}`), ...errors];
  };
  const application = {
    exporter: undefined as never,
    target: { scheme: 'http', path: '/', port: 80 },
  } as const;

  it('are the lowest layer, for the application and for an exporter', () => {
    assert.deepEqual(times({ interval: '1m', timeout: '20s' }), ['1m 20s']);
    assert.deepEqual(times({ ...application, interval: '1m', timeout: '20s' }), ['1m 20s']);
    assert.deepEqual(times({ interval: '1m' }, { interval: '30s' }), ['30s 5s']);
    assert.deepEqual(times({ timeout: '20s', interval: '1m' }, { timeout: '10s' }), ['1m 10s']);
    assert.deepEqual(times({ interval: 'inherit', timeout: 'inherit' }), ['inherit inherit']);
  });

  it('give way to a shorter interval', () => {
    assert.deepEqual(times({ interval: '1m', timeout: '20s' }, { interval: '10s' }), ['10s 10s']);
    assert.deepEqual(times({ interval: '2s' }), ['2s 2s']);
  });

  it('bound what is asked for, which is said once', () => {
    const text = `${PREFIX}/timeout: 20s is longer than the default interval 10s; Prometheus refuses that`;
    assert.deepEqual(times({ interval: '10s' }, { timeout: '20s' }), [text]);
    const target = { scheme: 'http', path: '/', port: 80 } as const;
    assert.deepEqual(times({ interval: '10s', target }, { timeout: '20s' }), [text]);
  });
});

it('an exporter of the cluster’s is told to no container that another webhook adds', () => {
  const { pod, config } = given({
    exporter: { external: true },
    profile: { exporter: { exporter: 'shop-exporter', appEnv: [{ name: 'URL', value: '{url}' }] } },
    annotations: { 'exporter-address': 'push:9091' },
  });
  const containers = [...pod.spec.containers, { name: 'vault-agent' }];
  const after = { ...pod, spec: { ...pod.spec, containers } };
  assert.equal(inject(after, { namespace: 'team-a', trigger: 'object' }, config).pod, after);
});
