import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { Target } from '../../src/core/decision.ts';
import type { StringMap } from '../../src/core/kubernetes.ts';
import { explainPod, placeOf, urlParts } from '../../src/prometheus/explain.ts';
import type { PodScrapes } from '../../src/prometheus/explain.ts';
import { scrapeFindings } from '../../src/prometheus/explain-findings.ts';
import { existingPod, isPodOf, runningPod } from '../../src/prometheus/explain-pod.ts';
import { requestedTargets } from '../../src/prometheus/explain-requested.ts';
import { stepWords } from '../../src/prometheus/explain-words.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { Job } from '../../src/prometheus/job.ts';
import { discoverPod } from '../../src/prometheus/pod-discovery.ts';
import type { RunningPod } from '../../src/prometheus/pod-discovery.ts';
import type { KubernetesSdConfig, RelabelConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web' }] } };

function job(config: Partial<ScrapeConfig>, ...rules: readonly RelabelConfig[]): Job {
  const compiled = compileJob({
    job_name: 'pods',
    kubernetes_sd_configs: [{ role: 'pod' }],
    relabel_configs: rules,
    ...config,
  });
  assert.ok('job' in compiled, 'the job is sound');
  return compiled.job;
}

/** A Pod of one container a port: `8080`, `53/UDP`, `https=8443`. */
function podOf(ports: readonly string[], over: Partial<RunningPod> = {}): RunningPod {
  const container = (text: string, index: number): RunningPod['spec']['containers'][number] => {
    const [, name, port = '', protocol = 'TCP'] = /^(?:(.+)=)?(\d*)(?:\/(.+))?$/.exec(text) ?? [];
    const ports = [{ containerPort: Number(port), protocol, ...(name === undefined ? {} : { name }) }];
    return { name: `c${index}`, ...(port === '' ? {} : { ports }) };
  };
  return {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { containers: ports.map(container) },
    status: { phase: 'Running', podIP: '10.0.0.7' },
    ...over,
  };
}

const target = (over: Partial<Target> = {}): Target => ({
  container: 'c0',
  port: 8080,
  scheme: 'http',
  path: '/metrics',
  params: [],
  interval: 'inherit',
  timeout: 'inherit',
  source: 'http',
  ...over,
});

/** Every time was asked for. */
const ALL = (): boolean => true;

suite('the Pod that a controller would make', () => {
  const MADE: readonly (readonly [kind: string, name: string, owner: string, label: string | undefined])[] = [
    ['Deployment', 'web-xxxxxxxxxx-xxxxx', 'ReplicaSet web-xxxxxxxxxx', 'pod-template-hash'],
    ['ReplicaSet', 'web-xxxxx', 'ReplicaSet web', undefined],
    ['StatefulSet', 'web-0', 'StatefulSet web', 'statefulset.kubernetes.io/pod-name'],
    ['DaemonSet', 'web-xxxxx', 'DaemonSet web', 'controller-revision-hash'],
    ['Job', 'web-xxxxx', 'Job web', 'batch.kubernetes.io/job-name'],
    ['CronJob', 'web-xxxxxxxx-xxxxx', 'Job web-xxxxxxxx', 'job-name'],
    ['Rollout', 'web-xxxxx', 'Rollout web', undefined],
  ];
  for (const [kind, name, owner, label] of MADE)
    test(kind, () => {
      const { metadata, status } = runningPod(template, { kind, name: 'web', namespace: 'shop' }, 'fd00::7');
      const [reference] = metadata?.ownerReferences ?? [];
      assert.equal(metadata?.name, name);
      const [of, by] = owner.split(' ');
      assert.deepEqual(reference, { kind: of, name: by, controller: true });
      const labels: StringMap = metadata.labels ?? {};
      assert.equal(labels['app'], 'web');
      if (label !== undefined) assert.ok(labels[label], label);
      assert.deepEqual([status?.phase, status?.podIP], ['Running', 'fd00::7']);
    });

  test('a Pod keeps its name, or the beginning of one, and gets no owner', () => {
    const origin = { kind: 'Pod', name: 'web', namespace: 'shop' };
    const named = runningPod({ ...template, metadata: { name: 'web' } }, origin, '10.0.0.7');
    assert.deepEqual([named.metadata?.name, named.metadata?.ownerReferences], ['web', undefined]);
    const generated = runningPod({ ...template, metadata: { generateName: 'web-' } }, origin, '10.0.0.7');
    assert.equal(generated.metadata?.name, 'web-xxxxx');
  });

  test('the apiserver’s protocol', () => {
    const plain = {
      spec: { containers: [{ name: 'web', ports: [{ containerPort: 80 }] }] },
      status: { podIP: '::1' },
    };
    const [labels] = discoverPod(existingPod(plain, 'shop'));
    assert.equal(labels?.get('__meta_kubernetes_pod_container_port_protocol'), 'TCP');
  });

  test('is told from another’s', () => {
    const of = (kind: string, name: string, controllerKind: string, controllerName: string): boolean =>
      isPodOf({ kind, name, namespace: 'shop' }, { name: 'web-1', controllerKind, controllerName });
    assert.ok(of('Deployment', 'web', 'ReplicaSet', 'web-7d4b9c'));
    assert.ok(!of('Deployment', 'web', 'ReplicaSet', 'web-api-7d4b9c'));
    assert.ok(!of('Deployment', 'web', 'StatefulSet', 'web-7d4b9c'));
    assert.ok(of('CronJob', 'web', 'Job', 'web-29012345'));
    assert.ok(!of('CronJob', 'web', 'Job', 'web-api'));
    assert.ok(of('StatefulSet', 'web', 'StatefulSet', 'web'));
    assert.ok(of('Pod', 'web-1', '', ''));
  });
});

suite('whether a job discovers a Pod', () => {
  const seen = (config: Partial<KubernetesSdConfig> | undefined, pod = podOf(['8080'])): string => {
    const { jobs } = explainPod(pod, [
      job({ kubernetes_sd_configs: config === undefined ? [] : [{ role: 'pod', ...config }] }),
    ]);
    const { discovery } = jobs[0]!;
    return 'reason' in discovery
      ? `${discovery.state}: ${discovery.reason}`
      : [discovery.state, ...discovery.notes].join(': ');
  };
  const labelled = podOf(['8080'], {
    metadata: { name: 'web', namespace: 'shop', labels: { app: 'web', tier: 'a', build: '8' } },
  });
  const CASES: readonly (readonly [what: string, ran: string, expected: RegExp])[] = [
    ['every namespace', seen({}), /^discovered$/],
    ['its namespace', seen({ namespaces: { names: ['db', 'shop'] } }), /^discovered$/],
    [
      'others',
      seen({ namespaces: { names: ['db'] } }),
      /^not-discovered: namespaces\.names has db, not shop$/,
    ],
    [
      'its own',
      seen({ namespaces: { own_namespace: true } }),
      /^discovered: .*explained as if it were shop$/,
    ],
    [
      'other roles',
      seen({ role: 'endpoints' }),
      /^not-explained: discovers by role endpoints: not explained$/,
    ],
    ['nothing', seen(undefined), /^not-explained: discovers nothing in Kubernetes/],
    [
      'another cluster',
      seen({ api_server: 'https://other' }),
      /^discovered: asks the API server https:\/\/other/,
    ],
    [
      'no address',
      seen({}, podOf(['8080'], { status: { phase: 'Pending' } })),
      /^not-discovered: .*no address yet/,
    ],
    ...(
      [
        ['app=web,tier in (a,b),!canary', true],
        ['app==web,tier notin (b),tier', true],
        ['app!=api', true],
        ['app=api', false],
        ['canary', false],
        ['tier in (b,c)', false],
        ['build>7,build<9', true],
        ['build>8', false],
        ['tier>1', false],
        ['none<1', false],
        ['none notin (in),tier in (a,)', true],
      ] as const
    ).map(
      ([label, isSeen]) =>
        [
          `label ${label}`,
          seen({ selectors: [{ role: 'pod', label }] }, labelled),
          isSeen ? /^discovered$/ : /^not-discovered: the label selector wants /,
        ] as const,
    ),
    ...(
      [
        ['status.phase=Running,metadata.name!=db', true],
        ['status.phase=Pending', false],
        ['spec.hostname=web', false],
        ['spec.serviceAccountName=default,spec.schedulerName=default-scheduler', true],
        ['spec.serviceAccountName==robot', false],
        ['spec.host=,status.podIPs=,status.nominatedNodeName!=x', true],
      ] as const
    ).map(
      ([field, isSeen]) =>
        [
          `field ${field}`,
          seen({ selectors: [{ role: 'pod', field }] }, labelled),
          isSeen ? /^discovered$/ : /^not-discovered: the field selector /,
        ] as const,
    ),
    [
      'a selector for nodes, whose metadata are attached',
      seen(
        { selectors: [{ role: 'node', label: 'a=b' }], attach_metadata: { node: true } },
        podOf(['8080'], { spec: { ...podOf(['8080']).spec, nodeName: 'one' } }),
      ),
      /^untold: cannot be told: it discovers Pods on nodes with a=b, and the node is not known here$/,
    ],
    [
      'no node, whose metadata are attached',
      seen({ attach_metadata: { node: true } }),
      /^not-discovered: the Pod is on no node/,
    ],
    ['a selector for nodes', seen({ selectors: [{ role: 'node', label: 'a=b' }] }), /^discovered$/],
  ];
  for (const [what, ran, expected] of CASES) test(what, () => assert.match(ran, expected));
});

suite('targets that were asked for', () => {
  const keep: RelabelConfig = {
    source_labels: ['__meta_kubernetes_pod_label_a'],
    action: 'keep',
    regex: 'yes|ja',
  };
  const port = '__meta_kubernetes_pod_container_port_number';
  const whyNot = (scrapes: PodScrapes, asked: Target): string =>
    requestedTargets([asked], scrapes)[0]!
      .why.map(({ job: name, words }) => `${name}: ${words}`)
      .join('\n');

  test('scraped by scheme, port, path and parameters', () => {
    const scrapes = explainPod(podOf(['8080']), [job({ params: { format: ['prometheus'] } })]);
    const scraped = (over: Partial<Target>): boolean =>
      requestedTargets([target(over)], scrapes)[0]!.by.length === 1;
    assert.ok(scraped({}));
    assert.ok(scraped({ params: [['format', 'prometheus']] }));
    for (const over of [
      { scheme: 'https' },
      { port: 8081 },
      { path: '/m' },
      { params: [['format', 'json']] },
    ] as const satisfies readonly Partial<Target>[])
      assert.ok(!scraped(over), JSON.stringify(over));
  });

  test('why not: the rule, its source labels, their value and its regex', () => {
    const scrapes = explainPod(podOf(['8080']), [job({}, keep)]);
    assert.equal(
      whyNot(scrapes, target()),
      'pods: c0:8080 dropped by rule 1 (keep): __meta_kubernetes_pod_label_a is not set, which does not match yes|ja',
    );
  });

  test('why not: values at the time of the rule', () => {
    const rules: readonly RelabelConfig[] = [
      { target_label: 'a', replacement: 'x' },
      { source_labels: ['a', port], action: 'drop', regex: 'x;8080' },
    ];
    assert.match(
      whyNot(explainPod(podOf(['8080']), [job({}, ...rules)]), target()),
      /rule 2 \(drop\): a;\S+ is "x;8080", which matches x;8080$/,
    );
    const equal: readonly RelabelConfig[] = [
      { target_label: 'a', replacement: '9' },
      { source_labels: [port], action: 'keepequal', target_label: 'a' },
    ];
    assert.match(
      whyNot(explainPod(podOf(['8080']), [job({}, ...equal)]), target()),
      /rule 2 \(keepequal\): \S+ is "8080", not the same as a, "9"$/,
    );
  });

  test('why not: elsewhere, undeclared, undiscovered, given up', () => {
    const path: RelabelConfig = { target_label: '__metrics_path__', replacement: '/m' };
    assert.match(
      whyNot(explainPod(podOf(['8080']), [job({}, path)]), target()),
      /scrapes http:\/\/10\.0\.0\.7:8080\/m instead/,
    );
    assert.match(whyNot(explainPod(podOf(['9000']), [job({})]), target()), /no container declares c0:8080/);
    const names = { kubernetes_sd_configs: [{ role: 'pod', namespaces: { names: ['db'] } }] } as const;
    assert.match(
      whyNot(explainPod(podOf(['8080']), [job(names)]), target()),
      /does not discover the Pod: namespaces/,
    );
    const times: RelabelConfig = { target_label: '__scrape_timeout__', replacement: '5m' };
    const late = explainPod(podOf(['8080']), [job({}, times)]);
    assert.match(whyNot(late, target()), /given up by Prometheus: .*5m is longer/);
    assert.deepEqual(
      scrapeFindings(late, [], ALL).map(({ code }) => code),
      ['invalid'],
    );
  });

  test('it cannot be told: metadata that nobody knows', () => {
    const team = '__meta_kubernetes_namespace_label_team';
    const attach = {
      kubernetes_sd_configs: [{ role: 'pod', attach_metadata: { namespace: true } }],
    } as const;
    const wanted = job(attach, { source_labels: [team], action: 'keep', regex: 'shop' });
    const scrapes = explainPod(podOf(['8080']), [wanted, job({ job_name: 'kept' }, keep)]);
    const [asked] = requestedTargets([target()], scrapes);
    assert.deepEqual(asked?.untold, [
      {
        job: 'pods',
        words: `cannot be told: rule 1 (keep) reads ${team}, which is metadata of the namespace and not known here`,
      },
    ]);
    assert.deepEqual(
      asked.why.map(({ job: name }) => name),
      ['kept'],
    );
    assert.deepEqual(
      requestedTargets([target()], explainPod(podOf(['8080']), [wanted, job({})]))[0]!.untold,
      [],
    );
    const known = explainPod(podOf(['8080']), [wanted], { namespace: { labels: { team: 'shop' } } });
    assert.equal(requestedTargets([target()], known)[0]!.by.length, 1);
    const other = explainPod(podOf(['8080']), [wanted], { namespace: { labels: {} } });
    assert.match(whyNot(other, target()), /rule 1 \(keep\): \S+_team is not set/);
  });

  test('Istio’s agent carries what speaks http', () => {
    const pod = podOf(['8080'], {
      metadata: { name: 'web', namespace: 'shop', annotations: { 'prometheus.io/port': '15020' } },
    });
    const rules: readonly RelabelConfig[] = [
      { target_label: '__address__', replacement: '10.0.0.7:15020' },
      { target_label: '__metrics_path__', replacement: '/stats/prometheus' },
    ];
    const scrapes = explainPod(pod, [job({}, ...rules)]);
    const requested = requestedTargets([target({ interval: '15s' }), target({ scheme: 'https' })], scrapes);
    assert.deepEqual(
      requested.map(({ by }) => by.map(({ merged }) => merged)),
      [[true], []],
    );
    assert.deepEqual(scrapeFindings(scrapes, requested, ALL), []);
  });
});

suite('findings', () => {
  const codes = (scrapes: PodScrapes, ...asked: readonly Target[]): readonly string[] =>
    scrapeFindings(scrapes, requestedTargets(asked, scrapes), ALL).map(({ code }) => code);
  const container: RelabelConfig = {
    source_labels: ['__meta_kubernetes_pod_container_name'],
    target_label: 'container',
  };
  const address: RelabelConfig = { target_label: '__address__', replacement: '10.0.0.7:8080' };
  const init: RunningPod['spec'] = {
    containers: [{ name: 'web' }],
    initContainers: [{ name: 'migrate', ports: [{ containerPort: 7000, protocol: 'TCP' }] }],
  };
  const stays: RunningPod['spec'] = {
    containers: [{ name: 'web', ports: [{ containerPort: 80, protocol: 'TCP' }] }],
    initContainers: init.initContainers!.map((each) => ({ ...each, restartPolicy: 'Always' })),
  };
  const annotations = { 'prometheus.io/port': '1', 'prometheus.io.port': '2' };
  const MAPPED = '__meta_kubernetes_pod_(?:label|annotation)_(.+)';
  const mapped = podOf(['8080'], {
    metadata: { name: 'web', labels: { team: 'one' }, annotations: { team: 'two' } },
  });
  const CASES: readonly (readonly [what: string, found: readonly string[], expected: readonly string[]])[] = [
    ['nothing', codes(explainPod(podOf(['8080']), [job({})]), target()), []],
    [
      'one URL twice by the container’s label',
      codes(explainPod(podOf(['8080', '9000']), [job({}, container, address)])),
      ['duplicate-url'],
    ],
    ['not without it', codes(explainPod(podOf(['8080', '9000']), [job({}, address)])), []],
    [
      'one URL in two jobs',
      codes(explainPod(podOf(['8080']), [job({}), job({ job_name: 'again' })])),
      ['duplicate-url'],
    ],
    [
      'two URLs, one set of labels',
      codes(explainPod(podOf(['8080', '9000']), [job({}, { target_label: 'instance', replacement: 'web' })])),
      ['same-labels'],
    ],
    ...(['ftp', '', 'h t'] as const).map(
      (scheme) =>
        [
          `the scheme "${scheme}"`,
          codes(explainPod(podOf(['8080']), [job({ scheme })])),
          ['scheme'],
        ] as const,
    ),
    ['a scheme in capitals', codes(explainPod(podOf(['8443']), [job({ scheme: 'HTTPS' })])), []],
    [
      'labels that labelmap makes of two, by chance',
      codes(explainPod(mapped, [job({}, { action: 'labelmap', regex: MAPPED })])),
      ['collision'],
    ],
    [
      'not where a later rule writes them',
      codes(
        explainPod(mapped, [
          job({}, { action: 'labelmap', regex: MAPPED }, { target_label: 'team', replacement: 'x' }),
        ]),
      ),
      [],
    ],
    [
      'nor where the order is certain',
      codes(
        explainPod(mapped, [
          job({}, { action: 'labelmap', regex: '__meta_kubernetes_pod(?:_container)?_(name)' }),
        ]),
      ),
      [],
    ],
    [
      'labels of metadata that nobody knows',
      codes(
        explainPod(podOf(['8080']), [
          job(
            { kubernetes_sd_configs: [{ role: 'pod', attach_metadata: { namespace: true } }] },
            { action: 'labelmap', regex: '__meta_kubernetes_namespace_label_(.+)' },
          ),
        ]),
      ),
      ['untold'],
    ],
    ['undeclared', codes(explainPod(podOf(['9000']), [job({}, address)])), ['undeclared-port']],
    ['UDP', codes(explainPod(podOf(['53/UDP']), [job({})])), ['not-tcp']],
    ['no port', codes(explainPod(podOf(['']), [job({})])), ['no-port']],
    ['bare IPv6', codes(explainPod(podOf([''], { status: { podIP: 'fd00::5' } }), [job({})])), ['bare-ipv6']],
    ['https by its name', codes(explainPod(podOf(['https=9000']), [job({})])), ['scheme']],
    ['https by its number', codes(explainPod(podOf(['8443']), [job({})])), ['scheme']],
    ['https where https is asked', codes(explainPod(podOf(['8443']), [job({ scheme: 'https' })])), []],
    [
      'https was asked',
      codes(explainPod(podOf(['8080']), [job({})]), target({ scheme: 'https' })),
      ['scheme', 'unasked'],
    ],
    [
      'an init container that ends',
      codes(explainPod(podOf([], { spec: init }), [job({})])),
      ['no-port', 'init-container'],
    ],
    ['a native sidecar', codes(explainPod(podOf([], { spec: stays }), [job({})])), []],
    ...(
      [
        ['a native sidecar at a port that it does not declare', stays, '9000', ['undeclared-port']],
        ['a native sidecar at the port of Istio’s agent', stays, '15020', []],
        ['the port of Istio’s agent', init, '15020', []],
      ] as const
    ).map(
      ([what, spec, port, expected]) =>
        [
          what,
          codes(
            explainPod(podOf([], { spec }), [
              job(
                {},
                { source_labels: ['__meta_kubernetes_pod_container_init'], regex: 'true', action: 'keep' },
                { target_label: '__address__', replacement: `10.0.0.7:${port}` },
              ),
            ]),
          ),
          expected,
        ] as const,
    ),
    [
      'times that the job does not read',
      codes(explainPod(podOf(['8080']), [job({})]), target({ interval: '15s', timeout: '10s' })),
      ['interval'],
    ],
    [
      'the same time in other words',
      codes(explainPod(podOf(['8080']), [job({})]), target({ interval: '60s' })),
      [],
    ],
    [
      'two annotations that become one label',
      codes(explainPod(podOf(['8080'], { metadata: { name: 'web', annotations } }), [job({})])),
      ['collision'],
    ],
    ['unasked', codes(explainPod(podOf(['8080', '9000']), [job({})]), target()), ['unasked']],
  ];
  for (const [what, found, expected] of CASES) test(what, () => assert.deepEqual(found, expected));
});

suite('targets that are scraped more than once', () => {
  const messages = (ports: readonly string[], ...rules: readonly RelabelConfig[]): readonly string[] => {
    const scrapes = explainPod(podOf(ports), [job({}, ...rules)]);
    return scrapeFindings(scrapes, [], ALL)
      .filter(({ code }) => code === 'duplicate-url' || code === 'same-labels')
      .map(({ message }) => message);
  };
  const ports = ['81', '82', '83', '84', '85', '86'];
  const port: RelabelConfig = {
    source_labels: ['__meta_kubernetes_pod_container_port_number'],
    target_label: 'port',
  };
  const address: RelabelConfig = { target_label: '__address__', replacement: '10.0.0.7:81' };

  test('one line for each URL, whoever scrapes it', () => {
    assert.deepEqual(messages(ports, port, address), [
      'http://10.0.0.7:81/metrics is scraped 6 times, differing only in port: c0:81, c1:82, c2:83, c3:84, c4:85 and c5:86 in job pods',
    ]);
    assert.deepEqual(messages(ports.slice(0, 2), port, address), [
      'http://10.0.0.7:81/metrics is scraped twice, differing only in port: c0:81 and c1:82 in job pods',
    ]);
  });

  test('one line for each set of labels, and many targets are counted', () => {
    const many = Array.from({ length: 1000 }, (_, index) => String(1000 + index));
    const [line, ...more] = messages(many, { target_label: 'instance', replacement: 'web' });
    assert.deepEqual(more, []);
    assert.match(
      line ?? '',
      /^http:\S+:1000\S+, .+ and 990 more get the same labels, .+ and 990 more in job pods;/,
    );
  });
});

suite('words', () => {
  test('what a rule changed, shortened where that is asked for', () => {
    const long = 'x'.repeat(100);
    const rules: readonly RelabelConfig[] = [
      { target_label: 'a', replacement: long },
      { source_labels: ['a'], regex: 'y', target_label: 'b' },
      { action: 'labeldrop', regex: 'a' },
    ];
    const one = job({}, ...rules);
    const [found] = explainPod(podOf(['8080']), [one]).jobs[0]!.found;
    const words = found!.steps.map((step) => stepWords(found!, step, one, 10));
    assert.deepEqual(words, [
      'a = "xxxxxxxxx…"',
      'nothing: a is "xxxxxxxxx…", which changes nothing with y',
      'a taken away, was "xxxxxxxxx…"',
    ]);
    assert.ok(stepWords(found!, found!.steps[0]!, one).includes(long));
  });

  test('places and URLs', () => {
    const [udp, bare] = discoverPod(podOf(['53/UDP', '']));
    assert.deepEqual([placeOf(udp!), placeOf(bare!)], ['c0:53/UDP', 'c1']);
    assert.equal(urlParts('https://10.0.0.7/a%20b?x=1')?.port, 443);
    assert.equal(urlParts('https://10.0.0.7/a%20b?x=1')?.path, '/a b');
    assert.equal(urlParts('http://[fd00::5]:8080/m')?.host, '[fd00::5]');
    assert.equal(urlParts('http://fd00::5/metrics'), undefined);
  });
});
