import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Operation } from 'fast-json-patch';
import type { Pod } from '../../src/core/kubernetes.ts';
import { makePatch, SelfCheckError } from '../../src/core/patch.ts';
import { podFault, selfCheck } from '../../src/core/self-check.ts';

const PREFIX = 'podscrape.dev';

const before: Pod = {
  metadata: {
    annotations: {
      team: 'a',
      'prometheus.io/scheme': 'HTTPS',
      'prometheus.io.path': '/x',
      'podscrape.dev/status': '{}',
    },
  },
  spec: {
    containers: [
      {
        name: 'web',
        env: [{ name: 'A', value: 'b' }],
        ports: [{ name: 'http', containerPort: 80 }, { containerPort: 81 }],
      },
    ],
  },
};

const MOUNT = { name: 'gone', mountPath: '/x' };

/** A bug in the engine would look like one of these: `after` is wrong in one way. */
const faults: readonly (readonly [what: string, after: Pod, message: RegExp])[] = [
  [
    'an annotation of the owner changed',
    withNotes({ ...before.metadata?.annotations, team: 'b' }),
    /replace \/metadata\/annotations\/team/,
  ],
  [
    'an annotation of the owner removed',
    withNotes({ 'prometheus.io/scheme': 'https' }),
    /remove \/metadata\/annotations\/(team|podscrape)/,
  ],
  ['the image changed', withContainer({ name: 'web', image: 'evil' }), /is not podscrape's/],
  [
    'a port renamed',
    withContainer({
      ...before.spec.containers[0],
      name: 'web',
      ports: [{ name: 'other', containerPort: 80 }, { containerPort: 81 }],
    }),
    /replace \/spec\/containers\/0\/ports\/0\/name/,
  ],
  [
    'a port renumbered',
    withContainer({
      ...before.spec.containers[0],
      name: 'web',
      ports: [{ name: 'http', containerPort: 90 }, { containerPort: 81 }],
    }),
    /containerPort/,
  ],
  ['a container removed', { ...before, spec: { containers: [] } }, /remove \/spec\/containers\/0/],
  [
    'a container name twice',
    { ...before, spec: { containers: [...before.spec.containers, { name: 'web' }] } },
    /container name is there twice/,
  ],
  [
    'a volume name twice',
    { ...before, spec: { ...before.spec, volumes: [{ name: 'v' }, { name: 'v' }] } },
    /volume name is there twice/,
  ],
  [
    'a port out of range',
    {
      ...before,
      spec: {
        containers: [
          ...before.spec.containers,
          { name: 'x', ports: [{ containerPort: 65536, protocol: 'TCP' }] },
        ],
      },
    },
    /out of range/,
  ],
  [
    'a port name too long',
    withContainer({
      name: 'web',
      env: before.spec.containers[0]?.env ?? [],
      ports: [
        { name: 'http', containerPort: 80 },
        { containerPort: 81, name: 'far-too-long-metrics' },
      ],
    }),
    /port name is not valid/,
  ],
  [
    'annotations too large',
    withNotes({ ...before.metadata?.annotations, 'prometheus.io/path': 'x'.repeat(262_144) }),
    /256 KiB/,
  ],
  [
    'the service account changed',
    { ...before, spec: { ...before.spec, serviceAccountName: 'root' } as Pod['spec'] },
    /serviceAccountName/,
  ],
  [
    'a foreign annotation added',
    withNotes({ ...before.metadata?.annotations, 'example.com/a': 'b' }),
    /add \/metadata\/annotations\/example.com~1a/,
  ],
  [
    'annotations of another family',
    withNotes({ ...before.metadata?.annotations, 'customized.prometheus/scrape': 'true' }),
    /add \/metadata\/annotations\/customized.prometheus~1scrape/,
  ],
  [
    'a mounted volume missing',
    { ...before, spec: { containers: [...before.spec.containers, { name: 'x', volumeMounts: [MOUNT] }] } },
    /mounted volume is missing/,
  ],
  ['labels added', { ...before, metadata: { ...before.metadata, labels: { a: 'b' } } }, /\/metadata\/labels/],
];

describe('a patch that must not be sent', () => {
  for (const [what, after, message] of faults) {
    it(what, () => {
      assert.throws(
        () => makePatch(before, after, PREFIX),
        (error) => error instanceof SelfCheckError && message.test(error.message),
      );
    });
  }

  it('a foreign annotation among the first ones', () => {
    const bare = { spec: { containers: [{ name: 'web' }] } };
    for (const metadata of [
      { annotations: { 'prometheus.io/scrape': 'true', team: 'b' } },
      { labels: { a: 'b' } },
    ]) {
      for (const none of [{}, { metadata: null }, { metadata: {} }])
        assert.throws(() => makePatch({ ...none, ...bare }, { ...bare, metadata }, PREFIX), SelfCheckError);
    }
  });

  for (const key of ['kubectl.kubernetes.io/default-container', 'prometheus.istio.io/scrape-targets']) {
    it(`one that replaces ${key}`, () => {
      const [old, now] = ['a', 'b'].map((value) => ({
        ...before,
        metadata: { annotations: { [key]: value } },
      }));
      assert.throws(() => makePatch(old ?? before, now ?? before, PREFIX), SelfCheckError);
    });
  }

  it('one that does not give the result', () => {
    assert.match(
      selfCheck(
        before,
        [],
        withNotes({ ...before.metadata?.annotations, 'prometheus.io/scrape': 'true' }),
        PREFIX,
      ) ?? '',
      /does not give/,
    );
  });

  it('one that does not apply', () => {
    const patch: Operation[] = [{ op: 'add', path: '/spec/initContainers/3', value: {} }];
    assert.match(selfCheck(before, patch, before, PREFIX) ?? '', /does not apply/);
  });
});

describe('a patch that may be sent', () => {
  it('adds, normalises, takes a dotted twin out, replaces our record and extends env', () => {
    const after = {
      ...before,
      metadata: {
        annotations: {
          team: 'a',
          'prometheus.io/scheme': 'https',
          'prometheus.io/path': '/y',
          'podscrape.dev/status': '{"a":1}',
        },
      },
      spec: {
        containers: [
          {
            name: 'web',
            env: [{ name: 'A', value: 'b c' }],
            ports: [
              { name: 'http', containerPort: 80 },
              { containerPort: 81, name: 'web-metrics' },
            ],
          },
          { name: 'statsd-exporter' },
        ],
      },
    };
    const patch = makePatch(before, after, PREFIX);
    assert.deepEqual([...patch.map(({ op, path }) => `${op} ${path}`)].sort(), [
      'add /metadata/annotations/prometheus.io~1path',
      'add /spec/containers/0/ports/1/name',
      'add /spec/containers/1',
      'remove /metadata/annotations/prometheus.io.path',
      'replace /metadata/annotations/podscrape.dev~1status',
      'replace /metadata/annotations/prometheus.io~1scheme',
      'replace /spec/containers/0/env/0/value',
    ]);
  });

  it('adds and takes out in the families given, and what goes with a sidecar', () => {
    const dialects = ['customized.prometheus', 'k8s.grafana.com'];
    const old = { ...before, metadata: { annotations: { 'customized.prometheus.path': '/x' } } };
    const annotations = {
      'customized.prometheus/path': '/y',
      'k8s.grafana.com/metrics.path': '/y',
      'kubectl.kubernetes.io/default-container': 'web',
      'prometheus.istio.io/scrape-targets': '80:/y,81:/y',
      'podscrape.dev/mapping': 'x',
    };
    assert.equal(makePatch(old, { ...before, metadata: { annotations } }, PREFIX, dialects).length, 6);
    const bare = { spec: before.spec };
    assert.equal(makePatch(bare, { ...bare, metadata: { annotations } }, PREFIX, dialects).length, 1);
  });

  it('is empty for the same object', () => assert.deepEqual(makePatch(before, before, PREFIX), []));
});

function withNotes(annotations: Record<string, string>): Pod {
  return { ...before, metadata: { ...before.metadata, annotations } };
}

function withContainer(container: Pod['spec']['containers'][number]): Pod {
  return { ...before, spec: { containers: [container] } };
}

describe('a Pod that the apiserver would refuse', () => {
  const pod = (container: object, more: object = {}): Pod => ({
    spec: { containers: [{ name: 'web', ...container }], ...more },
  });
  const noted = (key: string): Pod => ({ ...pod({}), metadata: { annotations: { [key]: 'x' } } });
  const port = (containerPort: number, protocol = 'TCP') => pod({ ports: [{ containerPort, protocol }] });
  const volumes = (...names: string[]) => pod({}, { volumes: names.map((name) => ({ name })) });
  const containers = (...names: string[]): Pod => ({ spec: { containers: names.map((name) => ({ name })) } });

  const cases: readonly (readonly [what: string, before: Pod, after: Pod, fault: RegExp | undefined])[] = [
    ['a port above all', pod({}), port(65_536), /a port is out of range/],
    ['port zero', pod({}), port(0), /a port is out of range/],
    ['the highest port', pod({}), port(65_535), undefined],
    ['the lowest port', pod({}), port(1), undefined],
    ['a port that was wrong before', port(0), port(0), undefined],
    ['a port that was too high before', port(65_536), port(65_536), undefined],
    [
      'two containers of a name',
      containers('web'),
      containers('web', 'web'),
      /a container name is there twice/,
    ],
    ['two that were there before', containers('a', 'a'), containers('a', 'a', 'b'), undefined],
    ['two volumes of a name', volumes('a'), volumes('a', 'a'), /a volume name is there twice/],
    ['two volumes that were there before', volumes('a', 'a'), volumes('a', 'a', 'b'), undefined],
    ['a port name that is none', pod({}), pod({ ports: [{ name: 'A_b', containerPort: 1 }] }), /a port name/],
    ['an annotation key with _ at its end', pod({}), noted('prometheus.io/param_a_'), /an annotation key/],
    ['an annotation key of 64 characters', pod({}), noted(`a.io/${'x'.repeat(64)}`), /an annotation key/],
    ['an annotation key of 63 characters', pod({}), noted(`a.io/${'x'.repeat(63)}`), undefined],
    ['a key that was wrong before', noted('a b'), noted('a b'), undefined],
  ];
  for (const [what, before, after, fault] of cases) {
    it(what, () => {
      const found = podFault(before, after);
      if (fault === undefined) assert.equal(found, undefined);
      else assert.match(found ?? '', fault);
    });
  }
});
