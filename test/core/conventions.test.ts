import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { checkConventions } from '../../src/core/conventions.ts';
import type { Decision, Reason, Target } from '../../src/core/decision.ts';
import { NOTHING_ADDED, skipped } from '../../src/core/decision.ts';
import { denialMessage } from '../../src/core/denial.ts';
import type { ContainerPort, Pod, StringMap } from '../../src/core/kubernetes.ts';
import type { Conventions, Policy, Violation } from '../../src/core/policy.ts';
import type { Problem } from '../../src/core/problem.ts';
import { problemText } from '../../src/core/problem.ts';
import { policyOf } from './policies.ts';

const P = 'podscrape.dev';

function target(more: Partial<Target> = {}): Target {
  return {
    container: 'app',
    port: 8080,
    scheme: 'http',
    path: '/metrics',
    params: [],
    interval: '15s',
    timeout: '5s',
    source: 'http',
    ...more,
  };
}

function injected(targets: readonly Target[] = [target()], more: Partial<Decision> = {}): Decision {
  return { ...skipped('injected'), outcome: 'injected', profiles: ['http'], targets, ...more };
}

/** A Pod with our keys, the community’s in full, and the ports of its one container. */
function pod(
  keys: StringMap = {},
  ports: readonly ContainerPort[] = [{ name: 'web', containerPort: 8080 }],
): Pod {
  const annotations = Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [
      key.startsWith('prometheus.io') ? key : `${P}/${key}`,
      value,
    ]),
  );
  return { metadata: { annotations }, spec: { containers: [{ name: 'app', ports }] } };
}

function check(
  conventions: Conventions,
  decision: Decision,
  of: Pod = pod(),
  more: Partial<Policy> = {},
): readonly Violation[] {
  const found = checkConventions({ pod: of, decision }, policyOf({ conventions, ...more }), P);
  for (const { problem } of found) assert.ok(problemText(problem).length <= 120, problemText(problem));
  return found;
}

const texts = (...args: Parameters<typeof check>): string[] =>
  check(...args).map(({ problem }) => problemText(problem).replace(' (policy "payments")', ''));

describe('a violation', () => {
  it('names place, what is off, what is allowed and the policy', () => {
    const conventions: Conventions = {
      allowedPorts: { ranges: [{ from: 8080, to: 8090 }], severity: 'deny' },
    };
    assert.deepEqual(check(conventions, injected([target({ port: 9000 })]), pod({ port: '9000' })), [
      {
        convention: 'allowedPorts',
        severity: 'deny',
        problem: {
          code: 'off-convention',
          path: 'podscrape.dev/port',
          message: '9000 is outside 8080-8090 (policy "payments")',
        },
      },
    ]);
  });

  it('is told once for targets that share the place', () => {
    const targets = [target({ interval: '5s' }), target({ port: 9102, interval: '5s' })];
    const conventions: Conventions = { minInterval: { interval: '15s', severity: 'warn' } };
    assert.equal(check(conventions, injected(targets), pod({ interval: '5s' })).length, 1);
  });

  it('of every convention is told, each with its severity', () => {
    const conventions: Conventions = {
      allowedProfiles: { names: ['statsd'], severity: 'warn' },
      allowedPorts: { ranges: [{ from: 1, to: 2 }], severity: 'deny' },
      pathPattern: { pattern: '/x', severity: 'warn' },
      minInterval: { interval: '1m', severity: 'deny' },
      requireNamedPort: 'warn',
    };
    assert.deepEqual(
      check(conventions, injected(), pod({ port: '8080' }, [])).map((found) => [
        found.convention,
        found.severity,
      ]),
      [
        ['allowedProfiles', 'warn'],
        ['allowedPorts', 'deny'],
        ['pathPattern', 'warn'],
        ['minInterval', 'deny'],
        ['requireNamedPort', 'warn'],
      ],
    );
    assert.deepEqual(check({}, injected(), pod({ port: '8080' }, [])), []);
  });

  it('stays short whatever the names are, and the policy stays readable', () => {
    const long = 'x'.repeat(63);
    const conventions: Conventions = {
      requireRequest: 'warn',
      allowedProfiles: { names: [long, long], severity: 'warn' },
      allowedPorts: {
        ranges: [1, 2, 3, 4, 5].map((n) => ({ from: n * 1000, to: n * 1000 + 9 })),
        severity: 'warn',
      },
      pathPattern: { pattern: `/${long}`, severity: 'warn' },
      requireNamedPort: 'warn',
    };
    const other = target({ container: long, path: `/a${long}`, port: 65_535 });
    const annotations = { 'podscrape.dev/port': '65535' };
    const of: Pod = { metadata: { annotations }, spec: { containers: [{ name: long }] } };
    const decision = injected([other], { profiles: [long.slice(1)] });
    const found = [
      ...check(conventions, decision, of, { name: long }),
      ...check(conventions, skipped('no-request'), of, { name: long }),
    ];
    assert.equal(found.length, 5);
    for (const { problem } of found) assert.match(problem.message, / \(policy "x{23}…"\)$/);
    assert.match(found[4]?.problem.message ?? '', /podscrape\.dev\/inject: disabled/);
  });
});

describe('requireRequest', () => {
  const off: readonly Reason[] = ['no-request', 'not-in'];
  const fine: readonly Reason[] = [
    'namespace-excluded',
    'disabled',
    'scrape-false',
    'mirror-pod',
    'host-network',
    'no-sidecar',
    'bad-request',
    'malformed',
  ];
  for (const reason of off) {
    it(`is not kept by ${reason}`, () =>
      assert.deepEqual(texts({ requireRequest: 'deny' }, skipped(reason)), [
        'podscrape.dev/profile not set: name one, or set podscrape.dev/inject: disabled',
      ]));
  }
  for (const reason of fine) {
    it(`is kept by ${reason}`, () =>
      assert.deepEqual(texts({ requireRequest: 'deny' }, skipped(reason)), []));
  }
  it('is kept by a request', () => assert.deepEqual(texts({ requireRequest: 'deny' }, injected()), []));
});

describe('allowedProfiles', () => {
  const conventions: Conventions = { allowedProfiles: { names: ['http', 'statsd'], severity: 'deny' } };
  it('looks at every profile', () => {
    assert.deepEqual(texts(conventions, injected([], { profiles: ['http', 'statsd'] })), []);
    const decision = injected([], { profiles: ['http', 'redis', 'django'] });
    assert.deepEqual(texts(conventions, decision, pod({ profile: 'http,redis,django' })), [
      'podscrape.dev/profile: "redis" is not http or statsd',
      'podscrape.dev/profile: "django" is not http or statsd',
    ]);
  });
  it('looks at a default, and at a refused request', () => {
    const decision = { ...skipped('bad-request'), profiles: ['redis'] };
    assert.deepEqual(texts(conventions, decision), [
      'podscrape.dev/profile not set: the default "redis" is not http or statsd',
    ]);
  });
});

describe('allowedPorts', () => {
  const ranges = [
    { from: 8080, to: 8090 },
    { from: 9102, to: 9102 },
  ];
  const conventions: Conventions = { allowedPorts: { ranges, severity: 'deny' } };
  for (const [port, allowed] of [
    [8079, false],
    [8080, true],
    [8090, true],
    [8091, false],
    [9101, false],
    [9102, true],
    [9103, false],
  ] as const) {
    it(`${port} is ${allowed ? 'inside' : 'outside'}, bounds included`, () =>
      assert.equal(texts(conventions, injected([target({ port })])).length, allowed ? 0 : 1));
  }

  const off = injected([target({ port: 9000 })]);
  const places: readonly (readonly [title: string, of: Pod, decision: Decision, expected: string])[] = [
    ['our key', pod({ port: '9000' }), off, 'podscrape.dev/port: 9000'],
    ['our key, a name', pod({ port: 'admin' }), off, 'podscrape.dev/port: 9000'],
    ['nothing', pod(), off, 'podscrape.dev/port not set: 9000'],
    [
      'the list',
      pod({ targets: '[{port: 8080}, {port: 9000}]' }),
      off,
      'podscrape.dev/targets[1].port: 9000',
    ],
    [
      'the list, by name',
      pod({ targets: '[{port: admin}]' }, [{ name: 'admin', containerPort: 9000 }]),
      off,
      'podscrape.dev/targets[0].port: 9000',
    ],
    [
      'the list, without a port',
      pod({ targets: '[{container: app}]', port: '1' }),
      off,
      'podscrape.dev/targets[0].port not set: 9000',
    ],
    ['the community', pod({ 'prometheus.io/port': '09000' }), off, 'prometheus.io/port: 9000'],
    ['the community, by name', pod({ 'prometheus.io/port': 'web' }), off, 'prometheus.io/port: 9000'],
    ['the community, dotted', pod({ 'prometheus.io.port': '9000' }), off, 'prometheus.io.port: 9000'],
    ['a mesh’s port', pod({ 'prometheus.io/port': '15020' }), off, 'podscrape.dev/port not set: 9000'],
    [
      'our own annotation of an earlier pass',
      pod({ 'prometheus.io/port': '9000' }),
      { ...off, added: { ...NOTHING_ADDED, annotations: ['prometheus.io/port'] } },
      'podscrape.dev/port not set: 9000',
    ],
    [
      'an exporter',
      pod({ profile: 'statsd', port: '8080' }),
      injected([target({ container: 'statsd-exporter', port: 9000 })]),
      'podscrape.dev/profile: 9000 of statsd-exporter',
    ],
  ];
  for (const [title, of, decision, expected] of places) {
    it(`names the place: ${title}`, () =>
      assert.deepEqual(texts(conventions, decision, of), [`${expected} is outside 8080-8090 or 9102`]));
  }
});

describe('pathPattern', () => {
  const paths: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
    ['/metrics', '/metrics', true],
    ['/metrics', '/metrics/', false],
    ['/metrics', '/a/metrics', false],
    ['/a|/b', '/ab', false],
    ['/a|/ab', '/ab', true],
    ['/(actuator/)?(metrics|prometheus)', '/actuator/prometheus', true],
    ['(?i)/METRICS', '/metrics', true],
    ['', '/metrics', false],
  ];
  for (const [pattern, path, matches] of paths) {
    it(`${pattern} ${matches ? 'matches' : 'does not match'} ${path}, all of it`, () => {
      const conventions: Conventions = { pathPattern: { pattern, severity: 'warn' } };
      assert.deepEqual(
        texts(conventions, injected([target({ path })]), pod({ path })),
        matches ? [] : [`podscrape.dev/path: "${path}" does not match "${pattern}"`],
      );
    });
  }

  it('stays right when there were more patterns than are kept', () => {
    for (let i = 0; i < 250; i++) {
      const conventions: Conventions = { pathPattern: { pattern: `/${i}`, severity: 'warn' } };
      assert.equal(texts(conventions, injected([target({ path: `/${i}` })])).length, 0);
      assert.equal(texts(conventions, injected([target({ path: '/x' })])).length, 1);
    }
  });

  it('takes a hostile path in linear time', () => {
    const conventions: Conventions = { pathPattern: { pattern: '/(a*)*b', severity: 'warn' } };
    assert.equal(texts(conventions, injected([target({ path: `/${'a'.repeat(1000)}` })])).length, 1);
  });
});

describe('minInterval', () => {
  const conventions: Conventions = { minInterval: { interval: '30s', severity: 'deny' } };
  for (const [interval, kept] of [
    ['30s', true],
    ['1m', true],
    ['30000ms', true],
    ['inherit', true],
    ['29s999ms', false],
    ['15s', false],
  ] as const) {
    it(`30s is ${kept ? 'kept' : 'not kept'} by ${interval}`, () =>
      assert.deepEqual(
        texts(conventions, injected([target({ interval })]), pod({ interval })),
        kept ? [] : [`podscrape.dev/interval: ${interval} is shorter than 30s`],
      ));
  }
  it('looks at the default and at exporters, which take the Pod’s interval', () => {
    const targets = [target({ interval: '1m' }), target({ container: 'statsd-exporter' })];
    assert.deepEqual(texts(conventions, injected(targets)), [
      'podscrape.dev/interval not set: the default 15s is shorter than 30s',
    ]);
  });
  it('names the entry of a list, or the default of all', () => {
    const targets = [target({ interval: '5s' }), target({ port: 81, interval: '10s' })];
    const of = pod({ targets: '[{port: 8080, interval: 5s}, {port: 81}]', interval: '10s' });
    assert.deepEqual(texts(conventions, injected(targets), of), [
      'podscrape.dev/targets[0].interval: 5s is shorter than 30s',
      'podscrape.dev/interval: 10s is shorter than 30s',
    ]);
  });
});

it('tells entries of a list apart that share a port or a path', () => {
  const conventions: Conventions = { minInterval: { interval: '30s', severity: 'deny' } };
  const targets = [
    target({ interval: '1m' }),
    target({ path: '/b', interval: '1s' }),
    target({ container: 'app', port: 81, interval: '2s' }),
  ];
  const list = [
    '{port: 8080, path: /metrics, interval: 1m}',
    '{port: 8080, path: /b, interval: 1s}',
    '{container: other, interval: 9m}',
    '{container: app, interval: 2s}',
  ];
  assert.deepEqual(texts(conventions, injected(targets), pod({ targets: `[${list.join()}]` })), [
    'podscrape.dev/targets[1].interval: 1s is shorter than 30s',
    'podscrape.dev/targets[3].interval: 2s is shorter than 30s',
  ]);
});

describe('requireNamedPort', () => {
  const owners = [{ name: 'web', containerPort: 8080 }];
  const ours = [{ name: 'app-metrics', containerPort: 8080 }];
  const none = [{ containerPort: 8080 }];
  const number = ' 8080 is a number; name the port of app and ask for the name';
  const cases: readonly (readonly [title: string, of: Pod, expected: string | undefined])[] = [
    ['the owner’s name, nothing asked', pod({}, owners), undefined],
    ['the owner’s name, asked by it', pod({ port: 'web' }, owners), undefined],
    ['the owner’s name, asked by number', pod({ port: '8080' }, owners), undefined],
    ['a name like ours, nothing asked', pod({}, ours), undefined],
    ['a name like ours, asked by it', pod({ port: 'app-metrics' }, ours), undefined],
    ['a name like ours, asked by number', pod({ port: '8080' }, ours), `podscrape.dev/port:${number}`],
    [
      'a name like ours after a collision, asked by number',
      pod({ port: '8080' }, [{ name: 'app4e43-metrics', containerPort: 8080 }]),
      `podscrape.dev/port:${number}`,
    ],
    ['both names, asked by number', pod({ port: '8080' }, [...ours, ...owners]), undefined],
    [
      'a name like ours, asked by number in a list',
      pod({ targets: '[{port: 8080}]' }, ours),
      `podscrape.dev/targets[0].port:${number}`,
    ],
    ['a name like ours, a list with the name', pod({ targets: '[{port: app-metrics}]' }, ours), undefined],
    ['no name', pod({}, none), undefined],
    ['no name, asked by number', pod({ port: '8080' }, none), `podscrape.dev/port:${number}`],
    ['not declared', pod({ port: '8080' }, []), `podscrape.dev/port:${number}`],
    // It is a number by its nature.
    ['no name, asked by the community', pod({ 'prometheus.io/port': '8080' }, none), undefined],
    [
      'a name over UDP',
      pod({ port: '8080' }, [{ name: 'web', containerPort: 8080, protocol: 'UDP' }]),
      `podscrape.dev/port:${number}`,
    ],
  ];
  for (const [title, of, expected] of cases) {
    it(`${title}: ${expected === undefined ? 'kept' : 'not kept'}`, () =>
      assert.deepEqual(
        texts({ requireNamedPort: 'deny' }, injected(), of),
        expected === undefined ? [] : [expected],
      ));
  }

  it('is asked of an application that is an exporter itself', () => {
    const annotations = { 'podscrape.dev/port': '9121' };
    const of: Pod = { metadata: { annotations }, spec: { containers: [{ name: 'redis-exporter' }] } };
    const decision = injected([target({ container: 'redis-exporter', port: 9121 })]);
    assert.deepEqual(texts({ requireNamedPort: 'deny' }, decision, of), [
      'podscrape.dev/port: 9121 is a number; name the port of redis-exporter and ask for the name',
    ]);
  });

  it('asks nothing of exporters, added or the owner’s', () => {
    const exporter = target({ container: 'statsd-exporter', port: 9102 });
    const of: Pod = { spec: { containers: [{ name: 'app' }, { name: 'statsd-exporter' }] } };
    assert.deepEqual(texts({ requireNamedPort: 'deny' }, injected([exporter])), []);
    assert.deepEqual(texts({ requireNamedPort: 'deny' }, injected([exporter]), of), []);
  });
});

describe('noBadValues', () => {
  const bad: Problem = { code: 'bad-value', path: `${P}/port`, message: '"x!" is not a port', hint: 'use 1' };
  const warning: Problem = { code: 'unknown-key', path: `${P}/prot`, message: 'unknown key, ignored' };
  it('hands on what stopped the injection, as it is', () => {
    const decision = skipped('bad-request', [warning, bad]);
    assert.deepEqual(check({ noBadValues: 'deny' }, decision), [
      { convention: 'noBadValues', severity: 'deny', problem: bad },
    ]);
    assert.deepEqual(check({ noBadValues: 'warn' }, injected(undefined, { problems: [warning] })), []);
  });
});

describe('denialMessage', () => {
  const violation = (path: string, message: string): Violation => ({
    convention: 'allowedPorts',
    severity: 'deny',
    problem: { code: 'off-convention', path, message },
  });
  const port = violation(`${P}/port`, '9000 is outside 8080-8090 (policy "payments")');
  const until = 1000;

  it('tells policy, what is off and the ways out', () => {
    assert.equal(
      denialMessage([port, violation(`${P}/path`, 'x')], policyOf(), P, 0),
      'off policy "payments": podscrape.dev/port: 9000 is outside 8080-8090; podscrape.dev/path: x; ' +
        'to opt out of monitoring set podscrape.dev/inject: disabled; ask the owner of the policy for an exemption',
    );
  });

  it('tells the exemptions that have not ended', () => {
    const policy = policyOf({
      exemptions: [
        { selector: { matchLabels: { app: 'old' } }, until: 500, reason: 'r' },
        { selector: { matchLabels: { app: 'legacy' } }, until, reason: 'r' },
        { selector: { matchExpressions: [{ key: 'canary', operator: 'Exists' }] }, until, reason: 'r' },
      ],
    });
    assert.match(denialMessage([port], policy, P, 500), /; exempt are Pods labelled app=legacy or canary$/);
    assert.match(denialMessage([port], policy, P, until), /; ask the owner of the policy for an exemption$/);
  });

  it('has at most 1,000 characters, without losing the ways out, and counts what it leaves out', () => {
    const many = Array.from({ length: 64 }, (_, i) => violation(`${P}/targets[${i}].port`, 'y'.repeat(2000)));
    const key = 'k'.repeat(300);
    const policy = policyOf({
      name: 'n'.repeat(63),
      exemptions: [{ selector: { matchLabels: { [key]: 'a\nb' } }, until, reason: '' }],
    });
    for (const count of [1, 2, 3, 4, 10, 64]) {
      const message = denialMessage(many.slice(0, count), policy, P, 0);
      assert.ok(message.length <= 1000, `${message.length}`);
      assert.match(message, /; to opt out of monitoring set podscrape\.dev\/inject: disabled; exempt are /);
      const told = message.split('targets[').length - 1;
      assert.ok(told >= 1);
      assert.equal(/ and (\d+) more;/.exec(message)?.[1] ?? '0', `${count - told}`);
    }
  });

  it('has no control characters', () => {
    const selector = { matchLabels: { a: 'b\nc' } };
    const policy = policyOf({ exemptions: [{ selector, until, reason: '' }] });
    assert.doesNotMatch(denialMessage([violation('a\nb', 'c\u0000d')], policy, P, 0), /\p{Cc}/u);
  });
});
