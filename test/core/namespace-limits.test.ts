import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import type { NamespaceLimits, Quota } from '../../src/core/namespace-limits.ts';
import { accountOf, isBestEffort, isGuaranteed, totals } from '../../src/core/namespace-limits-account.ts';
import { amountOf, amountText } from '../../src/core/namespace-limits-amounts.ts';
import { faultsOf, isCounted } from '../../src/core/namespace-limits-faults.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';
import { ofTemplates } from '../../src/core/surroundings.ts';
import { judge } from '../../src/core/validate.ts';
import { admitWorkload } from '../../src/core/workloads/admit.ts';
import { engineConfig } from './support.ts';

const config = engineConfig();
const both = (cpu: string, memory: string): object => ({
  requests: { cpu, memory },
  limits: { cpu, memory },
});
const container = (name: string, resources?: object, more: object = {}): object => ({
  name,
  image: 'example.com/app:1',
  ...(resources === undefined ? {} : { resources }),
  ...more,
});
const pod = (
  spec: object,
  annotations: Record<string, string> = { 'podscrape.dev/profile': 'statsd' },
): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'app', annotations }, spec }) as Pod;
const account = (spec: object): ReturnType<typeof accountOf> => accountOf(pod(spec), []);

describe('amounts', () => {
  const rows: readonly (readonly [quantity: unknown, amount: number | undefined])[] = [
    ['100m', 100],
    ['1', 1000],
    [2, 2000],
    ['0.1', 100],
    ['1.1', 1100],
    ['0.5m', 1],
    ['128Mi', 134_217_728_000],
    ['0.1Gi', 107_374_182_400],
    ['1e3', 1_000_000],
    ['', undefined],
    ['many', undefined],
    [null, undefined],
    [{}, undefined],
  ];
  for (const [quantity, amount] of rows)
    it(`${JSON.stringify(quantity)} is ${amount ?? 'none'}`, () => assert.equal(amountOf(quantity), amount));

  it('are written as people write them', () => {
    const texts = [
      amountText('cpu', 100),
      amountText('limits.cpu', 2000),
      amountText('requests.memory', 134_217_728_000),
      amountText('memory', 1_000_000),
      amountText('memory', 0),
      amountText('memory', 1),
    ];
    assert.deepEqual(texts, ['100m', '2', '128Mi', '1000', '0', '1m']);
  });

  it('are read again as what they were', () => {
    const amount = fc.integer({ min: 0, max: 2 ** 50 });
    fc.assert(fc.property(amount, (n) => amountOf(amountText('memory', n)) === n));
  });
});

describe('what a Pod asks for in all', () => {
  it('is the sum of the containers, native sidecars with them', () => {
    const spec = {
      initContainers: [container('proxy', both('50m', '50Mi'), { restartPolicy: 'Always' })],
      containers: [container('web', both('100m', '100Mi')), container('log', { requests: { cpu: '10m' } })],
    };
    const { requests, limits } = totals(account(spec), false);
    assert.deepEqual(
      [requests, limits],
      [
        { cpu: 160, memory: amountOf('150Mi') },
        { cpu: 150, memory: amountOf('150Mi') },
      ],
    );
  });

  it('is at least what an init container needs beside the native sidecars before it', () => {
    const spec = {
      initContainers: [
        container('early', both('100m', '1Mi')),
        container('proxy', both('50m', '1Mi'), { restartPolicy: 'Always' }),
        container('late', both('120m', '1Mi')),
        container('after', both('60m', '1Mi'), { restartPolicy: 'Always' }),
      ],
      containers: [container('web', both('10m', '1Mi'))],
    };
    assert.equal(totals(account(spec), false).requests.cpu, 170);
  });

  it('is what the Pod says of itself, where it says so', () => {
    const spec = {
      resources: { requests: { cpu: '1' } },
      containers: [container('web', both('10m', '1Mi'))],
    };
    const { requests, limits } = totals(account(spec), false);
    assert.deepEqual([requests, limits.cpu], [{ cpu: 1000, memory: amountOf('1Mi') }, 10]);
  });

  it('has the overhead on top for quotas: on all requests, and on limits that there are', () => {
    const containers = [container('web', { requests: { cpu: '10m' }, limits: { memory: '1Mi' } })];
    const { requests, limits } = totals(
      account({ overhead: { cpu: '5m', memory: '1Mi' }, containers }),
      true,
    );
    assert.deepEqual([requests, limits], [{ cpu: 15, memory: amountOf('2Mi') }, { memory: amountOf('2Mi') }]);
  });

  it('counts what the LimitRanger fills in: limits first give requests, a later item wins, an earlier range', () => {
    const ranges = [
      {
        name: 'a',
        limits: [
          { type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
          { type: 'Container', default: { cpu: '2' } },
        ],
      },
      { name: 'b', limits: [{ type: 'Container', default: { cpu: '3', memory: '1Mi' } }] },
    ] as const;
    const containers = [container('bare'), container('limited', { limits: { cpu: '100m' } })];
    const [bare, limited] = accountOf(pod({ containers }), ranges).containers;
    assert.deepEqual([bare?.limits.cpu, bare?.requests.cpu], [2000, 1000]);
    assert.deepEqual([limited?.limits.cpu, limited?.requests.cpu], [100, 100]);
    assert.deepEqual([bare?.limits.memory, bare?.requests.memory], [amountOf('1Mi'), undefined]);
  });

  it('makes its class', () => {
    const idle = account({ containers: [container('web'), container('log', { requests: { cpu: '0' } })] });
    const even = account({ containers: [container('web', both('1', '1Gi'))] });
    const ofThePod = account({ resources: both('1', '1Gi'), containers: [container('web')] });
    const classes = [idle, even, ofThePod].map((each) => [isBestEffort(each), isGuaranteed(each)]);
    assert.deepEqual(classes, [
      [true, false],
      [false, true],
      [false, true],
    ]);
  });
});

describe('quotas are about a Pod', () => {
  const quota = (
    scopeName: string,
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
    values?: string[],
  ): Quota => ({
    name: 'q',
    hard: {},
    scopes: [{ scopeName, operator, ...(values === undefined ? {} : { values }) }],
  });
  const plain = { containers: [container('web')] };
  const busy = { containers: [container('web', both('1', '1Gi'))] };
  const rows: readonly (readonly [what: string, spec: object, quota: Quota, counted: boolean])[] = [
    ['without a scope', plain, { name: 'q', hard: {} }, true],
    ['that ends, Terminating', { ...plain, activeDeadlineSeconds: 0 }, quota('Terminating', 'Exists'), true],
    ['that does not, Terminating', plain, quota('Terminating', 'Exists'), false],
    ['that does not, NotTerminating', plain, quota('NotTerminating', 'Exists'), true],
    ['that asks for nothing, BestEffort', plain, quota('BestEffort', 'Exists'), true],
    ['that asks for something, BestEffort', busy, quota('BestEffort', 'Exists'), false],
    ['that asks for something, NotBestEffort', busy, quota('NotBestEffort', 'Exists'), true],
    ['with a priority', { ...plain, priorityClassName: 'high' }, quota('PriorityClass', 'Exists'), true],
    ['without a priority', plain, quota('PriorityClass', 'Exists'), false],
    [
      'of that priority',
      { ...plain, priorityClassName: 'high' },
      quota('PriorityClass', 'In', ['high']),
      true,
    ],
    [
      'of another priority',
      { ...plain, priorityClassName: 'low' },
      quota('PriorityClass', 'In', ['high']),
      false,
    ],
    ['of no priority, NotIn', plain, quota('PriorityClass', 'NotIn', ['high']), true],
    ['of no priority, DoesNotExist', plain, quota('PriorityClass', 'DoesNotExist'), true],
    ['with a scope that Pods do not have', plain, quota('VolumeAttributesClass', 'Exists'), false],
  ];
  for (const [what, spec, given, counted] of rows)
    it(what, () => assert.equal(isCounted(account(spec), given), counted));
});

describe('whatever the limits are', () => {
  const cpu = fc.constantFrom('0', '1m', '10m', '50m', '100m', '300m', '1');
  const memory = fc.constantFrom('0', '4Mi', '16Mi', '64Mi', '128Mi', '300Mi', '1Gi');
  const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(arbitrary, { nil: undefined });
  const dropped = (value: object): object =>
    Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
  const quantities = fc.record({ cpu: some(cpu), memory: some(memory) }).map(dropped);
  const resources = fc.record({ requests: some(quantities), limits: some(quantities) }).map(dropped);
  const ratio = fc.constantFrom('1', '2', '3', '10');
  const item = fc
    .record({
      type: fc.constantFrom('Container', 'Pod'),
      min: some(quantities),
      max: some(quantities),
      default: some(quantities),
      defaultRequest: some(quantities),
      maxLimitRequestRatio: some(fc.record({ cpu: some(ratio), memory: some(ratio) }).map(dropped)),
    })
    .map(dropped);
  const scope = fc.constantFrom('BestEffort', 'NotBestEffort', 'Terminating', 'NotTerminating');
  const quota = fc
    .record({
      name: fc.constant('q'),
      hard: fc
        .record({
          pods: some(fc.constantFrom('0', '1', '5')),
          cpu: some(cpu),
          'limits.cpu': some(cpu),
          'requests.memory': some(memory),
          'limits.memory': some(memory),
        })
        .map(dropped),
      scopes: some(
        fc.array(
          scope.map((scopeName) => ({ scopeName, operator: 'Exists' })),
          { maxLength: 1 },
        ),
      ),
    })
    .map(dropped);
  const limits = fc.record({
    ranges: fc.array(
      fc.record({ name: fc.constantFrom('a', 'b'), limits: fc.array(item, { maxLength: 2 }) }),
      {
        maxLength: 2,
      },
    ),
    quotas: fc.array(quota, { maxLength: 2 }),
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<NamespaceLimits>;
  const asked = fc.record({
    cpuLimit: some(fc.constantFrom('none', '50m', '500m')),
    memoryLimit: some(fc.constantFrom('none', '64Mi')),
  });
  const pods = fc
    .record({
      containers: fc.array(resources, { minLength: 1, maxLength: 2 }),
      level: fc.option(resources, { nil: undefined, freq: 6 }),
      asked,
      deadline: some(fc.constant(60)),
    })
    .map(({ containers, level, asked: { cpuLimit, memoryLimit }, deadline }) =>
      pod(
        dropped({
          containers: containers.map((each, index) => container(`c${index}`, each)),
          resources: level,
          activeDeadlineSeconds: deadline,
        }),
        dropped({
          'podscrape.dev/profile': 'http, statsd',
          'podscrape.dev/exporter-cpu-limit': cpuLimit,
          'podscrape.dev/exporter-memory-limit': memoryLimit,
        }) as Record<string, string>,
      ),
    );

  it('the exporter breaks no rule that the Pod keeps without it', () => {
    let added = 0;
    let left = 0;
    fc.assert(
      fc.property(pods, limits, (before, given) => {
        const surroundings: Surroundings = { namespace: 'a', trigger: 'object', limits: given };
        const { pod: after, decision } = inject(before, surroundings, config);
        const rules = (each: Pod): readonly string[] =>
          faultsOf(accountOf(each, given.ranges ?? []), given).map(({ rule }) => rule);
        const kept = new Set(rules(before));
        const broken = rules(after).filter((rule) => !kept.has(rule));
        assert.deepEqual(broken, []);
        if (after.spec.containers.length > before.spec.containers.length) added++;
        if (decision.problems.some(({ code }) => code === 'no-sidecar')) left++;
        assert.deepEqual(inject(after, surroundings, config).pod, after, 'the second pass changes nothing');
      }),
      { numRuns: 2000, seed: 7 },
    );
    assert.ok(added > 200 && left > 200, `both happen: ${added} added, ${left} left out`);
  });

  it('without any, all is as if nobody watched', () => {
    fc.assert(
      fc.property(pods, (before) => {
        const where: Surroundings = { namespace: 'a', trigger: 'object' };
        const unwatched = inject(before, where, config);
        assert.deepEqual(inject(before, { ...where, limits: { ranges: [], quotas: [] } }, config), unwatched);
      }),
      { numRuns: 200, seed: 7 },
    );
  });
});

describe('pod templates', () => {
  const kind = config.workloadKinds.find((each) => each.kind === 'Deployment')!;
  const template = (image: string): object => ({
    metadata: { labels: { app: 'web' }, annotations: { 'podscrape.dev/profile': 'http, statsd' } },
    spec: { containers: [{ ...container('web', both('100m', '100Mi')), image }] },
  });
  const deployment = (given: object): object => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: given },
  });
  const quota = (hard: string, used: string): NamespaceLimits => ({
    quotas: [{ name: 'compute', hard: { 'limits.cpu': hard }, used: { 'limits.cpu': used } }],
  });
  const injected = engineConfig({ workloads: 'inject' });
  const admit = (limits: NamespaceLimits, object: object, oldObject?: object): object => {
    const admission = {
      kind,
      operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
      object,
      oldObject,
    } as const;
    const where: Surroundings = { namespace: 'a', trigger: 'object', limits };
    return admitWorkload(admission, where, injected).object as object;
  };
  const names = (object: object): readonly string[] =>
    (object as { spec: { template: Pod } }).spec.template.spec.containers.map(({ name }) => name);

  it('get the exporter whatever is used of a quota, so that no update gains or loses it', () => {
    const full = quota('1', '850m');
    const created = admit(full, deployment(template('web:1')));
    assert.deepEqual(names(created), ['web', 'statsd-exporter']);
    const applied = admit(quota('1', '0'), deployment(template('web:1')), created);
    assert.deepEqual(applied, created);
    const updated = admit(full, deployment(template('web:2')), created);
    assert.deepEqual(names(updated), ['web', 'statsd-exporter']);
    const where: Surroundings = { namespace: 'a', trigger: 'object', limits: full };
    const ofThePod = inject(template('web:1') as Pod, where, config).decision.problems.map(
      ({ code }) => code,
    );
    assert.ok(ofThePod.includes('no-sidecar'), 'one Pod more has no room');
  });

  it('are judged as they are injected', () => {
    const policies = [{ name: 'all', namespaceSelector: {} }];
    const where: Surroundings = { namespace: 'a', trigger: 'object', labels: {}, limits: quota('1', '850m') };
    const object = deployment(template('web:1'));
    const subject = { type: 'workload', kind, operation: 'CREATE', object, oldObject: undefined } as const;
    const judgement = judge(subject, where, engineConfig({ policies }));
    assert.equal(judgement?.decision.targets.length, 2);
  });

  it('get none where no Pod of theirs could ever fit', () => {
    assert.deepEqual(names(admit(quota('150m', '0'), deployment(template('web:1')))), ['web']);
  });

  it('keep the injection that they have when a LimitRange comes', () => {
    const created = admit({}, deployment(template('web:1')));
    const ranges = [{ name: 'tiny', limits: [{ type: 'Pod', max: { cpu: '120m' } }] }] as const;
    assert.deepEqual(admit({ ranges }, deployment(template('web:1')), created), created);
    assert.deepEqual(names(admit({ ranges }, deployment(template('web:2')), created)), ['web']);
  });

  it('have no other surroundings than the Pods', () => {
    const where: Surroundings = { namespace: 'a', trigger: 'object', labels: { x: 'y' } };
    assert.equal(ofTemplates(where), where);
  });
});
