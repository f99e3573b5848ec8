import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { KnownWorkload } from '../../src/audit/workload.ts';
import type { Container } from '../../src/core/kubernetes.ts';
import { alive, annotated, before, injected, jobsOf, judge, lines, podOf, SHOP, today } from './support.ts';
import type { JudgeOptions } from './support.ts';

const P = 'podscrape.dev';
const HTTP = { [`${P}/profile`]: 'http' };
const STATSD = { [`${P}/profile`]: 'http, statsd' };

const running = { phase: 'Running', podIP: '10.0.0.7' };

function status(record: object): Record<string, string> {
  return {
    [`${P}/status`]: JSON.stringify({
      outcome: 'injected',
      reason: 'injected',
      version: '1.2.0',
      config: 'today',
      ...record,
    }),
  };
}

describe('a Pod without a record', () => {
  const rows: readonly (readonly [
    name: string,
    pod: ReturnType<typeof alive>,
    options: JudgeOptions,
    ...RegExp[],
  ])[] = [
    [
      'that asks',
      alive(podOf(HTTP)),
      {},
      /^not-injected: asks \(podscrape.dev\/profile\), and has no podscrape.dev\/status: the webhook was away/,
    ],
    [
      'that is older than the webhook',
      alive(podOf(HTTP)),
      { registered: Date.parse('2026-01-03T00:00:00Z') },
      /^not-injected: .*: it is older than the webhook’s registration$/,
    ],
    [
      'that its namespace asks for',
      alive(podOf({})),
      {
        surroundings: {
          ...SHOP,
          labels: { [`${P}/inject`]: 'enabled' },
          annotations: { [`${P}/default-profile`]: 'http' },
        },
      },
      /^not-injected: is asked for by its namespace/,
    ],
    ['that asks for nothing', alive(podOf({})), {}],
    [
      'whose request is wrong',
      alive(podOf({ [`${P}/port`]: 'nope' })),
      {},
      /^refused: podscrape.dev\/port: .*"nope".*$/,
    ],
    ['that opted out and says no more', alive(podOf({ [`${P}/inject`]: 'disabled' })), {}],
    [
      'that opted out and asks',
      alive(podOf({ ...HTTP, [`${P}/inject`]: 'disabled' })),
      {},
      /^skipped: inject is disabled on the Pod$/,
    ],
    [
      'that asks where only the label of the namespace counts',
      alive(podOf(HTTP)),
      { engine: today({ optIn: 'namespace' }) },
      /^skipped: neither the namespace nor the Pod opted in$/,
    ],
    [
      'that asks under a policy that only watches',
      alive(podOf(HTTP)),
      { engine: today({ policies: [{ name: 'all', namespaceSelector: {}, mode: 'audit' }] }) },
      /^skipped: the policy only watches: nothing is changed$/,
    ],
  ];
  for (const [name, pod, options, ...expected] of rows) {
    it(name, () => {
      const found = lines(judge(pod, { jobs: [], ...options }));
      assert.equal(found.length, expected.length, found.join('\n'));
      expected.forEach((pattern, index) => assert.match(found[index] ?? '', pattern));
    });
  }
});

describe('Pods that are not looked at', () => {
  const pod = alive(podOf(HTTP));
  const rows = [
    ['finished', { ...pod, status: { phase: 'Succeeded' } }, SHOP],
    ['finished', { ...pod, status: { phase: 'Failed' } }, SHOP],
    [
      'terminating',
      { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } },
      SHOP,
    ],
    ['mirror', annotated(pod, { 'kubernetes.io/config.mirror': 'x' }), SHOP],
    ['excluded', pod, { ...SHOP, namespace: 'kube-system' }],
  ] as const;
  for (const [leftOut, one, surroundings] of rows) {
    it(`${leftOut}: ${one.status?.phase ?? ''} in ${surroundings.namespace}`, () => {
      assert.deepEqual(judge(one, { surroundings }), { leftOut, asks: false, findings: [] });
    });
  }
});

describe('a Pod whose workload asks', () => {
  const known = (asks: Partial<KnownWorkload['asks']>): KnownWorkload => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: 'web',
    uid: 'd-1',
    controller: undefined,
    replacement: 'rollout',
    asks: { annotations: {}, labels: {}, ...asks },
  });
  const owner = (asks: Partial<KnownWorkload['asks']>) => ({ workload: known({}), known: known(asks) });

  it('and that does not ask itself was missed', () => {
    const found = lines(judge(alive(podOf({})), { owner: owner({ annotations: HTTP }) }));
    assert.deepEqual(found, [
      'workload-asks: Deployment web asks (podscrape.dev/profile), and this Pod, made of an earlier template, does not',
    ]);
  });

  it('wrongly, was not', () => {
    const asks = { annotations: { [`${P}/profile`]: 'nope' } };
    assert.deepEqual(lines(judge(alive(podOf({})), { owner: owner(asks) })), []);
  });

  it('and that opted out was not', () => {
    const pod = alive(podOf({ [`${P}/inject`]: 'disabled' }));
    const annotations = { ...HTTP, [`${P}/inject`]: 'enabled' };
    assert.deepEqual(lines(judge(pod, { owner: owner({ annotations }) })), []);
  });
});

describe('a Pod that podscrape injected', () => {
  for (const [name, annotations] of Object.entries({ http: HTTP, statsd: STATSD })) {
    it(`by this configuration is in order: ${name}`, () => {
      assert.deepEqual(judge(injected(podOf(annotations))), { asks: true, findings: [] });
    });

    it(`by another configuration that decides alike is in order: ${name}`, () => {
      assert.deepEqual(judge(injected(podOf(annotations), before())), { asks: true, findings: [] });
    });
  }

  const outdated: readonly (readonly [string, ReturnType<typeof before>, RegExp])[] = [
    [
      'another image',
      before({ exporters: { 'statsd-exporter': { image: 'example.com/statsd-exporter:v0.1.0' } } }),
      /^outdated: decided by configuration before \(this is today\): container statsd-exporter has image example.com\/statsd-exporter:v0.1.0, and would have/,
    ],
    [
      'other resources',
      before({ exporters: { 'statsd-exporter': { cpuRequest: '55m' } } }),
      /^outdated: .*: container statsd-exporter would have other resources$/,
    ],
    [
      'another dialect',
      before({ dialects: [{ prefix: 'customized.prometheus' }] }),
      /^outdated: .*: customized.prometheus\/\w+ is ".+", and would not be there/,
    ],
    [
      'an older version that did it otherwise',
      {
        ...before({ exporters: { 'statsd-exporter': { image: 'example.com/e:1' } } }),
        hash: 'today',
        version: '1.1.9',
      },
      /^outdated: decided by podscrape 1.1.9 \(this is 1.2.0\): container/,
    ],
  ];
  for (const [name, engine, pattern] of outdated) {
    it(`by ${name}`, () => {
      const [found = '', ...more] = lines(judge(injected(podOf(STATSD), engine)));
      assert.match(found, pattern);
      assert.deepEqual(more, []);
    });
  }

  it('by this configuration, without room for the exporter then, is in order', () => {
    const quotas = [{ name: 'q', hard: { 'requests.cpu': '1m' }, used: {} }];
    const pod = injected(podOf(STATSD), today(), { ...SHOP, limits: { ranges: [], quotas } });
    assert.equal(pod.spec.containers.length, 1);
    assert.deepEqual(lines(judge(pod)), []);
  });

  it('with amounts that the API server writes otherwise is in order', () => {
    const exporters = (cpuRequest: string) => ({ exporters: { 'statsd-exporter': { cpuRequest } } });
    const pod = injected(podOf(STATSD), before(exporters('20m')));
    assert.deepEqual(lines(judge(pod, { engine: today(exporters('0.02')) })), []);
  });

  it('by a newer podscrape is not compared', () => {
    const pod = injected(podOf(HTTP), { ...before({ dialects: [{ prefix: 'x.y' }] }), version: '1.10.0' });
    assert.deepEqual(lines(judge(pod)), [
      'newer: podscrape "1.10.0" injected it, and this is 1.2.0: not compared',
    ]);
  });

  it('under a policy that is gone is told of', () => {
    const engine = before({ defaultProfile: 'http', optIn: 'annotation' });
    const pod = injected(podOf({ [`${P}/inject`]: 'enabled' }), engine);
    assert.deepEqual(lines(judge(pod)), [
      'no-longer-asked: a new one would not be: nothing on the Pod asks for monitoring',
    ]);
  });

  it('and whose profile is gone would be refused', () => {
    const profiles = { shop: { target: { port: 8080 } } };
    const pod = injected(podOf({ [`${P}/profile`]: 'shop' }), before({ profiles }));
    assert.match(
      lines(judge(pod))[0] ?? '',
      /^outdated: .* a new one would be refused: .*"shop" is not a profile/,
    );
  });
});

describe('a record that does not match its Pod', () => {
  const pod = injected(podOf(STATSD));
  const record = (): Record<string, unknown> & { added: Record<string, string[]> } =>
    JSON.parse(pod.metadata?.annotations?.[`${P}/status`] ?? '') as never;
  const withAdded = (change: Record<string, string[]>): string =>
    JSON.stringify({ ...record(), added: { ...record().added, ...change } });

  const rows: readonly (readonly [string, Readonly<Record<string, string | null>>, RegExp])[] = [
    [
      'no JSON',
      { [`${P}/status`]: '{"outcome":' },
      /^status-broken: podscrape.dev\/status is no record that podscrape wrote$/,
    ],
    ['no record', { [`${P}/status`]: '{"added": 7}' }, /^status-broken: /],
    [
      'a port that nobody declares',
      { [`${P}/status`]: withAdded({ ports: ['web/9999'] }) },
      /^status-differs: port web\/9999 is recorded, and not there$/,
    ],
    [
      'a container that is not there',
      { [`${P}/status`]: withAdded({ containers: ['redis-exporter'] }) },
      /^status-differs: container redis-exporter is recorded/,
    ],
    [
      'an annotation taken away',
      { 'prometheus.io/port': null },
      /^status-differs: annotation prometheus.io\/port is recorded, and not there$/,
    ],
    [
      'an annotation edited',
      { 'prometheus.io/port': '9999' },
      /^status-differs: prometheus.io\/port is "9999", and would be "8080"$/,
    ],
    [
      'a request edited',
      { [`${P}/path`]: '/stats' },
      /^status-differs: prometheus.io\/path is "\/metrics", and would be "\/stats"$/,
    ],
    ['a request edited wrongly', { [`${P}/path`]: 'stats' }, /^status-differs: a new one would be refused/],
  ];
  for (const [name, change, pattern] of rows) {
    it(name, () => {
      const found = lines(judge(annotated(pod, change), { jobs: [] }));
      assert.match(found[0] ?? '', pattern);
      assert.equal(found.length, 1);
    });
  }

  const HOSTILE = `\u001B[31mred\r\nshop  deployment/web  1 of 1${'x'.repeat(9000)}`;
  const hostile: readonly (readonly [string, object, Readonly<Record<string, string>>?])[] = [
    ['of a refusal', { outcome: 'refused', reason: HOSTILE, problems: [HOSTILE] }, {}],
    ['of a skip', { outcome: 'skipped', reason: HOSTILE, problems: [HOSTILE] }, {}],
    ['of a skip that would be none', { outcome: 'skipped', reason: HOSTILE }],
    ['by whom', { version: HOSTILE, config: HOSTILE }],
    ['for what', { profiles: [HOSTILE] }],
    ['with what', { added: { containers: [HOSTILE], env: [`${HOSTILE}/${HOSTILE}`], volumes: [HOSTILE] } }],
  ];
  for (const [name, change, annotations = HTTP] of hostile) {
    it(`written by somebody who wants to be read on a terminal: ${name}`, () => {
      const found = lines(judge(alive(podOf({ ...annotations, ...status(change) })), { jobs: [] }));
      assert.equal(found.length, 1);
      assert.doesNotMatch(found[0] ?? '', /\p{Cc}/u);
      assert.ok((found[0] ?? '').length < 600, found[0]);
    });
  }

  it('claims an injection that is not there', () => {
    const found = lines(judge(alive(podOf({ ...HTTP, ...status({}) })), { jobs: [] }));
    assert.match(found[0] ?? '', /^status-differs: .*prometheus.io\/port is not there, and would be "8080"/);
  });
});

describe('a record of a refusal', () => {
  const wrong = { [`${P}/profile`]: 'shop' };

  it('is information', () => {
    const pod = injected(podOf(wrong));
    assert.match(
      lines(judge(pod)).join('\n'),
      /^refused: podscrape.dev\/profile: "shop" is not a profile.*$/,
    );
  });

  it('by a configuration before, which the one of today would inject, was missed', () => {
    const profiles = { shop: { target: { port: 8080 } } };
    const pod = injected(podOf(wrong), before());
    assert.deepEqual(lines(judge(pod, { engine: today({ profiles }) })), [
      'outdated: decided by configuration before (this is today): it was refused (bad-request), and would be injected',
    ]);
  });
});

describe('a Pod that Istio merged afterwards', () => {
  const merged = annotated(
    injected(podOf(HTTP), today(), { ...SHOP, labels: { 'istio-injection': 'enabled' } }),
    { 'prometheus.io/port': '15020', 'prometheus.io/path': '/stats/prometheus' },
  );
  const proxy = {
    name: 'istio-proxy',
    ports: [{ name: 'http-envoy-prom', containerPort: 15090 }],
  } as Container;
  const containers = [...merged.spec.containers, proxy];
  const initContainers = [{ ...proxy, restartPolicy: 'Always' as const }];

  for (const [name, proxied] of Object.entries({ regular: { containers }, native: { initContainers } })) {
    it(`with a ${name} proxy is in order`, () => {
      assert.deepEqual(lines(judge({ ...merged, spec: { ...merged.spec, ...proxied } })), []);
    });
  }
});

describe('scraping', () => {
  const classic = { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' };
  const rows: readonly (readonly [string, ReturnType<typeof alive>, ...RegExp[]])[] = [
    ['the community’s annotations: in order', alive(podOf(classic))],
    [
      'a spelling that no job reads',
      alive(podOf({ ...classic, 'prometheus.io/scrape': 'True' })),
      /^not-scraped: the Pod asks to be scraped, and no job does \(job podscrape-.*\)$/,
    ],
    [
      'not running yet',
      { ...alive(podOf({ ...classic, 'prometheus.io/scrape': 'True' })), status: { phase: 'Pending' } },
    ],
    ['a UDP port', udp(), /^scrape-fails: .*declared as UDP only/],
    [
      'a port that nobody declares',
      alive(podOf({ ...classic, 'prometheus.io/port': '9999' })),
      /^scrape-doubtful: .*no container declares port 9999/,
    ],
  ];
  for (const [name, pod, ...expected] of rows) {
    it(name, () => {
      const found = lines(judge({ ...pod, status: pod.status ?? running }));
      assert.equal(found.length, expected.length, found.join('\n'));
      expected.forEach((pattern, index) => assert.match(found[index] ?? '', pattern));
    });
  }

  it('of other jobs than podscrape’s', () => {
    const pod = injected(podOf(HTTP));
    const jobs: JudgeOptions['jobs'] = [];
    assert.deepEqual(lines(judge(pod, { jobs })), []);
  });

  /** A job that takes Pods by what it attaches. */
  const keeping = (attach: object, label: string, regex: string) =>
    jobsOf([
      {
        job_name: 'pods',
        kubernetes_sd_configs: [{ role: 'pod', attach_metadata: attach }],
        relabel_configs: [{ source_labels: [label], regex, action: 'keep' }],
      },
    ]);
  const ofWeb = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d', uid: 'u', controller: true }];
  const owner = { workload: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, known: undefined };
  const attached: readonly (readonly [string, JudgeOptions, RegExp?])[] = [
    [
      'a label of the namespace: in order',
      {
        jobs: keeping({ namespace: true }, '__meta_kubernetes_namespace_label_team', 'shop'),
        surroundings: { ...SHOP, labels: { team: 'shop' } },
      },
    ],
    [
      'another one',
      {
        jobs: keeping({ namespace: true }, '__meta_kubernetes_namespace_label_team', 'shop'),
        surroundings: { ...SHOP, labels: { team: 'pay' } },
      },
      /^not-scraped: the Pod asks to be scraped, and no job does \(job pods: .*is "pay"/,
    ],
    [
      'an annotation of the namespace, which is not kept',
      { jobs: keeping({ namespace: true }, '__meta_kubernetes_namespace_annotation_team', 'shop') },
      /^scrape-untold: whether the Pod is scraped cannot be told: job pods: /,
    ],
    [
      'the Deployment: in order',
      { jobs: keeping({ deployment: true }, '__meta_kubernetes_pod_deployment_name', 'web'), owner },
    ],
  ];
  for (const [name, options, expected] of attached) {
    it(`by what a job attaches, ${name}`, () => {
      const found = lines(judge({ ...alive(podOf(classic), ofWeb), status: running }, options));
      assert.equal(found.length, expected === undefined ? 0 : 1, found.join('\n'));
      if (expected !== undefined) assert.match(found[0] ?? '', expected);
    });
  }

  it('of a target that podscrape injected, by what nobody sees', () => {
    const jobs = keeping({ node: true }, '__meta_kubernetes_node_label_pool', 'web');
    const found = lines(judge({ ...injected(podOf(HTTP)), status: running }, { jobs }));
    assert.match(
      found.join('\n'),
      /^scrape-untold: whether web:8080\/metrics is scraped cannot be told: job pods: .*$/,
    );
  });

  function udp() {
    const pod = alive(podOf(classic));
    const [web] = pod.spec.containers;
    const ports = [{ containerPort: 8080, protocol: 'UDP' }];
    return { ...pod, spec: { ...pod.spec, containers: [{ ...web!, ports }] } };
  }
});
