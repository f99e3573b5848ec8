// What a request says about exporters, in Pods that have one already, limits of their own, or ports that are in use.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ConfigFile } from '../../src/config/schema.ts';
import type { Decision } from '../../src/core/decision.ts';
import { inject } from '../../src/core/inject.ts';
import type { Container, Pod } from '../../src/core/kubernetes.ts';
import type { NamespaceLimits } from '../../src/core/namespace-limits.ts';
import { problemText } from '../../src/core/problem.ts';
import { engineConfig } from './support.ts';

const PREFIX = 'podscrape.dev';

interface Asked {
  readonly containers?: readonly object[];
  readonly spec?: object;
  readonly config?: ConfigFile;
  readonly limits?: NamespaceLimits;
}

interface Seen {
  readonly decision: Decision;
  readonly texts: readonly string[];
  readonly pod: Pod;
  readonly container: (name: string) => Container | undefined;
  readonly again: (pod: Pod) => Pod;
}

/** Injects a Pod with these keys; a second pass must change nothing. */
function ask(
  annotations: Readonly<Record<string, string>>,
  { containers = [{ name: 'web' }], spec = {}, config: file, limits }: Asked = {},
): Seen {
  const config = engineConfig(file);
  const keys = Object.entries(annotations).map(([name, value]) => [`${PREFIX}/${name}`, value]);
  const metadata = { annotations: Object.fromEntries(keys) as Record<string, string> };
  const where = { namespace: 'team-a', trigger: 'object', ...(limits && { limits }) } as const;
  const { decision, pod } = inject({ metadata, spec: { ...spec, containers } } as Pod, where, config);
  const again = (before: Pod): Pod => inject(before, where, config).pod;
  assert.equal(again(pod), pod, 'the second pass changes nothing');
  const container = (name: string): Container | undefined =>
    pod.spec.containers.find((candidate) => candidate.name === name);
  return { decision, texts: decision.problems.map(problemText), pod, container, again };
}

describe('a password', () => {
  const VALUES = [
    'postgres://adm:hunter2@db:5432/x',
    'postgres://adm:hunter2@db:5432/x y',
    'postgres://adm:hunter2@db:5432/$(X)',
    'adm:hunter2@db/x',
    'adm:hunter2@db',
    'host=db password=hunter2',
    'postgres://adm:hunter2@db\u0007',
    '-p:hunter2@db',
    'mailto:hunter2@db',
    'db/x?password=hunter2#',
  ];
  for (const value of VALUES) {
    it(`of ${JSON.stringify(value)} is quoted nowhere`, () => {
      for (const key of ['exporter-address', 'exporter-secret']) {
        for (const profile of ['postgres', 'redis', 'pushgateway']) {
          const { texts, pod } = ask({ profile, [key]: value });
          assert.doesNotMatch(
            [...texts, pod.metadata?.annotations?.[`${PREFIX}/status`]].join('\n'),
            /hunter2/,
          );
        }
      }
    });
  }

  const WARNED = [
    'redis://:pa/ss@h',
    'redis://:12/ss@h',
    'redis://u:p#w@h',
    'host1,redis://:pw@b',
    'h:6379,redis://:pw@b',
    'redis://h/?password=pw',
    'redis://h/?a=b&auth=pw',
  ];
  const FINE = [
    'redis://u@h:1',
    'h:6379',
    'redis://h:6379/a@b',
    'redis://h/?password=',
    'redis://h/?author=me',
  ];
  for (const address of [...WARNED, ...FINE]) {
    it(`is ${WARNED.includes(address) ? '' : 'not '}seen in ${address}`, () => {
      const { texts } = ask({ profile: 'redis', 'exporter-address': address });
      assert.equal(
        texts.some((text) => text.includes('has a password in it')),
        WARNED.includes(address),
      );
    });
  }
});

describe('keys for one of several exporters', () => {
  it('go to the one that cannot do without', () => {
    for (const profile of ['postgres,redis', 'redis,postgres']) {
      const { texts, container } = ask({
        profile,
        'exporter-address': 'db:5432/x',
        'exporter-secret': 'db/dsn',
      });
      assert.deepEqual(
        texts.filter((text) => text.includes('exporter-')),
        [],
      );
      const env = (name: string): unknown =>
        container(name)?.env?.map(({ name: key, value }) => [key, value]);
      assert.deepEqual((env('postgres-exporter') as unknown[])[0], ['DATA_SOURCE_URI', 'db:5432/x']);
      assert.deepEqual((env('redis-exporter') as unknown[])[0], ['REDIS_ADDR', 'redis://127.0.0.1:6379']);
    }
  });

  it('are refused where several need them', () => {
    const { texts } = ask({ profile: 'postgres,celery', 'exporter-address': 'db:5432/x' });
    const rest = 'keep one; connect the other by a profile';
    assert.deepEqual(texts, [
      `${PREFIX}/exporter-address: postgres-exporter and celery-exporter read it; ${rest}`,
    ]);
  });

  it('go to the one that connects, and not to the Pushgateway, which is a sidecar then', () => {
    const { container } = ask({ profile: 'redis,pushgateway', 'exporter-address': 'redis://r:1' });
    assert.equal(container('redis-exporter')?.env?.[0]?.value, 'redis://r:1');
    assert.ok(container('pushgateway'));
    assert.deepEqual(container('web')?.env, [{ name: 'PUSHGATEWAY_URL', value: 'http://127.0.0.1:9091' }]);
  });
});

describe('a Pushgateway of the cluster’s', () => {
  it('is told to no container that another webhook puts in front', () => {
    const { pod, again } = ask({ profile: 'pushgateway', 'exporter-address': 'push:9091' });
    const containers = [{ name: 'vault-agent' }, ...pod.spec.containers];
    const after = { ...pod, spec: { ...pod.spec, containers } };
    assert.equal(again(after), after);
  });

  for (const address of [
    ':9091',
    'mailto:x',
    'pg:99999',
    'pg:0',
    'http://pg?x=y',
    'pg#x',
    'ftp://pg',
    'http:///x',
  ]) {
    it(`is not at ${address}`, () => {
      const { decision } = ask({ profile: 'pushgateway', 'exporter-address': address });
      assert.deepEqual([decision.outcome, decision.problems[0]?.code], ['refused', 'exporter-connection']);
    });
  }
  for (const address of ['pg', 'pg:9091', 'https://pg/a', '[::1]:9091', 'pg:9091/a/']) {
    it(`may be at ${address}`, () => {
      assert.deepEqual(ask({ profile: 'pushgateway', 'exporter-address': address }).texts, []);
    });
  }
});

describe('the ports of a new exporter', () => {
  const declares = (...ports: number[]): object => ({
    name: 'web',
    ports: ports.map((containerPort) => ({ containerPort })),
  });
  const fixed: ConfigFile = {
    exporters: { fixed: { image: 'example.com/fixed:1', port: 9150, runAsUser: 1 } },
    profiles: { fixed: { exporter: { exporter: 'fixed' } } },
  };
  const portsOf = (seen: Seen): unknown => seen.decision.targets.map(({ port }) => port);

  it('are refused where one is taken and the exporter cannot be told another', () => {
    const { decision, texts } = ask({ profile: 'fixed' }, { containers: [declares(9150)], config: fixed });
    assert.equal(decision.reason, 'port-conflict');
    assert.deepEqual(texts, [
      `${PREFIX}/profile: fixed serves 9150, which is taken; free it, or say {port} in its args or env`,
    ]);
    assert.deepEqual(portsOf(ask({ profile: 'fixed' }, { config: fixed })), [9150]);
  });

  it('are refused where there is none', () => {
    const all = declares(...Array.from({ length: 64512 }, (_, index) => index + 1024));
    const { decision } = ask({ profile: 'redis' }, { containers: [all] });
    assert.deepEqual([decision.outcome, decision.reason], ['refused', 'port-conflict']);
  });

  it('are none that a probe names', () => {
    for (const check of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      for (const way of ['httpGet', 'tcpSocket', 'grpc']) {
        const web = { name: 'web', [check]: { [way]: { port: 9121 } } };
        assert.deepEqual(portsOf(ask({ profile: 'redis' }, { containers: [web] })), [9122]);
      }
    }
    const odd = { name: 'web', livenessProbe: { httpGet: null, tcpSocket: { port: '9121' } } };
    assert.deepEqual(portsOf(ask({ profile: 'redis' }, { containers: [odd] })), [9121]);
  });

  it('are none where the owner’s exporter listens', () => {
    const statsd = { name: 'statsd-exporter', args: ['--statsd.listen-udp=:9121'] };
    const seen = ask({ profile: 'redis,statsd' }, { containers: [{ name: 'web' }, statsd] });
    assert.deepEqual(portsOf(seen), [9122, 9102]);
  });

  it('are none that Istio reserves', () => {
    const config: ConfigFile = {
      exporters: { 'redis-exporter': { port: 15019 } },
    };
    const seen = ask({ profile: 'redis' }, { containers: [declares(15019)], config });
    assert.deepEqual(portsOf(seen), [15022]);
  });
});

describe('an exporter of the owner', () => {
  const targetOf = (args: string[]): unknown => {
    const { decision } = ask(
      { profile: 'redis' },
      { containers: [{ name: 'web' }, { name: 'redis-exporter', args }] },
    );
    return decision.targets.map(({ port, path }) => `${port}${path}`);
  };
  it('is found by its flags', () => {
    assert.deepEqual(targetOf(['-web.listen-address=:9200']), ['9200/metrics']);
    assert.deepEqual(targetOf(['-web.listen-address', ':9200']), ['9200/metrics']);
    assert.deepEqual(targetOf(['---web.listen-address=:9200']), ['9121/metrics']);
    assert.deepEqual(targetOf(['--web.telemetry-path=/stats']), ['9121/stats']);
    assert.deepEqual(targetOf(['-web.telemetry-path', '/stats']), ['9121/stats']);
    assert.deepEqual(targetOf(['--web.telemetry-path=stats']), ['9121/metrics']);
  });

  const KEYS = {
    'statsd-mapping': 'mappings: []',
    'statsd-mapping-configmap': 'team',
    'exporter-cpu-request': '20m',
    'exporter-cpu-limit': '200m',
    'exporter-memory-request': '40Mi',
    'exporter-memory-limit': '80Mi',
    'native-sidecar': 'true',
  };
  const ignored = (name: string): string =>
    `${PREFIX}/${name}: ignored, because the Pod has a statsd-exporter of its own; remove it`;
  const containers = [{ name: 'web' }, { name: 'statsd-exporter' }];

  it('takes no key, and each is told', () => {
    const { texts } = ask({ profile: 'statsd', ...KEYS }, { containers });
    const told = texts.filter((text) => text.includes('ignored')).sort();
    assert.deepEqual(told, Object.keys(KEYS).map(ignored).sort());
  });

  it('leaves them to a new one', () => {
    const { texts, pod, again } = ask({ profile: 'statsd,redis', ...KEYS }, { containers });
    const told = texts.filter((text) => text.includes('ignored')).sort();
    assert.deepEqual(told, ['statsd-mapping-configmap', 'statsd-mapping'].map(ignored));
    assert.equal(again(pod), pod);
  });
});

describe('resources', () => {
  const both = { cpu: '1', memory: '1Gi' };
  const guaranteed = { containers: [{ name: 'web', resources: { requests: both, limits: both } }] };

  it('of a Guaranteed Pod’s exporter are its limits, whatever request is asked for', () => {
    const { texts } = ask({ profile: 'redis', 'exporter-cpu-request': '20m' }, guaranteed);
    assert.deepEqual(texts, [
      `${PREFIX}/exporter-cpu-request: ignored: requests are the limits in a Guaranteed Pod; remove it`,
    ]);
    assert.deepEqual(ask({ profile: 'redis', 'exporter-cpu-request': '100m' }, guaranteed).texts, []);
  });

  const limits: NamespaceLimits = {
    ranges: [{ name: 'small', limits: [{ type: 'Container', max: { cpu: '80m' } }] }],
  };
  it('of a Guaranteed Pod are told as they are under a LimitRange', () => {
    const spec = { ...guaranteed, limits: limits };
    const fits = { cpu: '50m', memory: '1Gi' };
    const containers = [{ name: 'web', resources: { requests: fits, limits: fits } }];
    const { texts } = ask({ profile: 'redis', 'exporter-cpu-request': '20m' }, { ...spec, containers });
    assert.deepEqual(texts, [
      `${PREFIX}/exporter-cpu-request: ignored: requests are the limits in a Guaranteed Pod; remove it`,
    ]);
  });

  it('of a Pod that a LimitRange makes Guaranteed are told too', () => {
    const ranges: NamespaceLimits['ranges'] = [
      {
        name: 'small',
        limits: [
          {
            type: 'Container',
            max: { cpu: '80m' },
            default: { cpu: '50m', memory: '1Gi' },
            defaultRequest: { cpu: '50m', memory: '1Gi' },
          },
        ],
      },
    ];
    const { texts } = ask({ profile: 'redis', 'exporter-cpu-request': '20m' }, { limits: { ranges } });
    assert.deepEqual(texts, [
      `${PREFIX}/exporter-cpu-request: "20m" is not the limit, as in a Guaranteed Pod; using 80m`,
    ]);
  });

  it('of the whole Pod leave the exporter none, nor a bound of its memory', () => {
    const { texts, container } = ask(
      { profile: 'redis', 'exporter-cpu-limit': '200m', 'exporter-memory-request': '40Mi' },
      { spec: { resources: { limits: { memory: '64Mi', cpu: '1' } } } },
    );
    assert.deepEqual(
      texts,
      ['cpu-limit', 'memory-request'].map(
        (key) => `${PREFIX}/exporter-${key}: ignored, because the Pod has resources as a whole; remove it`,
      ),
    );
    const names = container('redis-exporter')?.env?.map(({ name }) => name);
    assert.deepEqual([container('redis-exporter')?.resources, names], [undefined, ['REDIS_ADDR']]);
    const bound = ask({ profile: 'redis' }).container('redis-exporter')?.env;
    assert.ok(bound?.some(({ name }) => name === 'GOMEMLIMIT'));
  });
});

it('only the first hundred unknown profiles are compared with the known ones', () => {
  const names = Array.from({ length: 200 }, (_, index) => `redis${(index + 36).toString(36)}`);
  const { texts } = ask({ profile: names.join(',') });
  const meant = texts.filter((text) => text.includes('did you mean'));
  assert.deepEqual([texts.length, meant.length], [200, 100]);
});
