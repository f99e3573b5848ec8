import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RE2JS } from 're2js';

import { atLeast } from '../../src/prometheus/jobs/durations.ts';
import { annotationPresent } from '../../src/prometheus/meta-labels.ts';
import { podJobs } from '../../src/prometheus/jobs/pod.ts';
import { compileRule } from '../../src/prometheus/relabel-rule.ts';
import { relabel } from '../../src/prometheus/relabel.ts';
import { discovered, injected, optionsOf, plain, scrapedOfPod } from './jobs-tools.ts';
import type { Seen } from './jobs-tools.ts';

const PORT = { 'prometheus.io/port': '8080' };
const WEB = { containers: { web: [{ containerPort: 8080 }] } };
/** A target for each of the two jobs of marked Pods. */
const TWO = { containers: { web: [{ containerPort: 8080 }, { containerPort: 9090, name: 'metrics' }] } };

function places(seen: readonly Seen[]): readonly string[] {
  return seen.map(({ job, url }) => `${job} ${url}`).sort();
}

function timesOf(seen: readonly Seen[]): readonly string[] {
  return seen.map(({ interval, timeout }) => `${interval}/${timeout}`);
}

describe('who is found', () => {
  it('a UDP port of the annotated number is none', () => {
    const containers = { web: [{ containerPort: 8080 }, { containerPort: 8080, protocol: 'UDP' }] };
    const seen = scrapedOfPod(injected({ annotations: PORT, containers }));
    assert.deepEqual(places(seen), ['podscrape-annotated http://10.0.0.7:8080/metrics']);
  });

  it('a Pod without scrape: "true", as in operator mode, is left to its monitor', () => {
    const annotations = { ...PORT, 'prometheus.io/scrape': 'false' };
    assert.deepEqual(scrapedOfPod(injected({ annotations, ...TWO })), []);
    assert.deepEqual(scrapedOfPod(plain({ annotations, ...WEB })), []);
  });

  it('a port-less container is not found where no port is annotated', () => {
    assert.deepEqual(scrapedOfPod(injected({ containers: { web: [] } })), []);
  });

  for (const phase of ['Pending', 'Succeeded', 'Failed']) {
    it(`a Pod that is ${phase} is not`, () => {
      assert.deepEqual(scrapedOfPod(injected({ annotations: PORT, ...TWO, phase })), []);
      assert.deepEqual(scrapedOfPod(plain({ annotations: PORT, ...WEB, phase })), []);
    });
  }

  it('a marked Pod is in no classic job, and the other way round', () => {
    assert.deepEqual(places(scrapedOfPod(plain({ annotations: PORT, ...TWO }))), [
      'podscrape-classic http://10.0.0.7:8080/metrics',
    ]);
  });

  it('the annotated port is found once, though it is named metrics', () => {
    const containers = { web: [{ containerPort: 8080, name: 'web-metrics' }] };
    assert.deepEqual(places(scrapedOfPod(injected({ annotations: PORT, containers }))), [
      'podscrape-annotated http://10.0.0.7:8080/metrics',
    ]);
  });

  it('nor is a port that is UDP alone, annotated or named', () => {
    const udp = { protocol: 'UDP' };
    const web = [
      { containerPort: 8080, ...udp },
      { containerPort: 9090, name: 'metrics', ...udp },
    ];
    assert.deepEqual(scrapedOfPod(injected({ annotations: PORT, containers: { web } })), []);
  });

  it('a classic Pod is one target with IPv6 too, whatever it declares', () => {
    const containers = { web: [{ containerPort: 80 }], other: [{ containerPort: 81 }] };
    assert.deepEqual(places(scrapedOfPod(plain({ annotations: PORT, containers, ip: 'fd00::5' }))), [
      'podscrape-classic http://[fd00::5]:8080/metrics',
    ]);
  });

  it('Istio’s agent is reached by IPv6, in place of the proxy’s port and of every metrics port', () => {
    const annotations = { 'prometheus.io/port': '15020', 'prometheus.io/path': '/stats/prometheus' };
    const containers = {
      web: [{ containerPort: 8080, name: 'web-metrics' }],
      'istio-proxy': [{ containerPort: 15090, name: 'http-envoy-prom' }],
    };
    assert.deepEqual(places(scrapedOfPod(injected({ annotations, containers, ip: 'fd00::5' }))), [
      'podscrape-annotated http://[fd00::5]:15020/stats/prometheus',
    ]);
  });

  it('scheme and path without a port hold for every named port', () => {
    const annotations = { 'prometheus.io/path': '/actuator', 'prometheus.io/scheme': 'https' };
    const containers = {
      a: [{ containerPort: 1, name: 'a-metrics' }],
      b: [{ containerPort: 2, name: 'metrics' }],
    };
    assert.deepEqual(places(scrapedOfPod(injected({ annotations, containers }))), [
      'podscrape-named https://10.0.0.7:1/actuator',
      'podscrape-named https://10.0.0.7:2/actuator',
    ]);
  });
});

describe('the mark', () => {
  const said = String.raw`podscrape.dev/profile: \"outcome\":\"refused\" is no profile`;
  const classic: readonly (string | undefined)[] = [
    undefined,
    '{"outcome":"refused","reason":"bad-request","version":"1","config":"c"}',
    '{"outcome":"skipped","reason":"host-network","version":"1","config":"c"}',
    `{"outcome":"refused","reason":"bad-request","problems":[\n"a",\n"b"\n],"version":"1","config":"c"}`,
    // As somebody's tool may have written it anew.
    '{\n  "reason": "bad-request",\n  "outcome": "refused"\n}',
  ];
  const marked: readonly string[] = [
    '',
    '{}',
    'true',
    '{"outcome":"injected","reason":"injected"}',
    `{"outcome":"injected","reason":"injected","problems":[\n"${said}"\n],"version":"1","config":"c"}`,
    '{"outcome":"injected","reason":"refused","profiles":["outcome","skipped"]}',
  ];
  const of = (status: string | undefined): readonly Seen[] => {
    const mark: Record<string, string> = status === undefined ? {} : { 'podscrape.dev/status': status };
    return scrapedOfPod(plain({ annotations: { ...PORT, ...mark }, ...TWO }));
  };
  for (const status of classic) {
    it(`is not ${JSON.stringify(status)}: one classic target`, () => {
      assert.deepEqual(places(of(status)), ['podscrape-classic http://10.0.0.7:8080/metrics']);
    });
  }
  for (const status of marked) {
    it(`is ${JSON.stringify(status)}`, () => {
      assert.deepEqual(places(of(status)), [
        'podscrape-annotated http://10.0.0.7:8080/metrics',
        'podscrape-named http://10.0.0.7:9090/metrics',
      ]);
    });
  }

  it('is read alike where a dot matches no end of a line, as in Prometheus 2', () => {
    const label = '__meta_kubernetes_pod_annotation_podscrape_dev_status';
    const statuses = [...classic, ...marked, `{"outcome":"injected","profiles":["secure"],\n"x":1}`];
    const authorization = { credentials: { name: 'token', key: 'value' } };
    const secure = { summary: 'x', target: { port: 8080 }, interval: '7s', authorization };
    const file = { profiles: { secure } };
    const rules = podJobs(optionsOf({}, file))
      .flatMap(({ relabel_configs = [] }) => relabel_configs)
      .filter(({ source_labels = [] }) => source_labels.includes(label));
    assert.ok(rules.length > 10);
    for (const { source_labels = [], regex = '' } of rules) {
      for (const status of statuses) {
        const values = { [label]: status, [annotationPresent('podscrape.dev/status')]: status && 'true' };
        const text = source_labels.map((name) => values[name] ?? '').join(';');
        const [older, newer] = [`^(?:${regex})$`, `^(?s:${regex})$`].map((one) => RE2JS.compile(one));
        assert.equal(older?.matches(text), newer?.matches(text), `${regex}: ${text}`);
      }
    }
  });
});

describe('slow Pods', () => {
  const annotations = { ...PORT, 'prometheus.io/scrape-slow': 'true' };
  const slow = optionsOf({ slow: { interval: '5m', timeout: '30s' } });

  it('are in slow jobs only, with their times', () => {
    assert.deepEqual(
      scrapedOfPod(injected({ annotations, ...TWO }), slow).map(({ job, interval, timeout }) => [
        job,
        interval,
        timeout,
      ]),
      [
        ['podscrape-annotated-slow', '5m', '30s'],
        ['podscrape-named-slow', '5m', '30s'],
      ],
    );
    assert.deepEqual(places(scrapedOfPod(plain({ annotations, ...WEB }), slow)), [
      'podscrape-classic-slow http://10.0.0.7:8080/metrics',
    ]);
  });

  it('have the last word on their interval, and the timeout never exceeds it', () => {
    const own = { ...annotations, 'podscrape.dev/interval': '20s' };
    assert.deepEqual(timesOf(scrapedOfPod(injected({ annotations: own, ...TWO }), slow)), [
      '20s/20s',
      '20s/20s',
    ]);
  });
});

describe('times', () => {
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, string, string])[] = [
    ['podscrape’s defaults', {}, '15s', '5s'],
    ['the annotation', { interval: '30s', timeout: '10s' }, '30s', '10s'],
    ['white space around it', { interval: ' 30s ' }, '30s', '5s'],
    ['a timeout alone', { timeout: '12s' }, '15s', '12s'],
    ['an interval below the default timeout lowers it', { interval: '2s' }, '2s', '2s'],
    ['also in milliseconds', { interval: '4999ms' }, '4999ms', '4999ms'],
    ['but not from there on', { interval: '5000ms' }, '5000ms', '5s'],
    ['nor in minutes', { interval: '1m' }, '1m', '5s'],
    ['nor in two units', { interval: '1m1s' }, '1m1s', '5s'],
    ['inherit leaves both to Prometheus', { interval: 'inherit', timeout: 'inherit' }, '1m', '10s'],
    ['inherit of the interval alone', { interval: 'inherit' }, '1m', '5s'],
  ];
  for (const [what, said, interval, timeout] of rows) {
    it(what, () => {
      const own = Object.entries(said).map(([key, value]) => [`podscrape.dev/${key}`, value] as const);
      const annotations = { ...PORT, ...Object.fromEntries(own) };
      const expected = `${interval}/${timeout}`;
      assert.deepEqual(timesOf(scrapedOfPod(injected({ annotations, ...TWO }))), [expected, expected]);
    });
  }

  it('an inherited interval that is shorter than the default timeout lowers it', () => {
    const annotations = { ...PORT, 'podscrape.dev/interval': 'inherit' };
    const seen = scrapedOfPod(injected({ annotations, ...TWO }), optionsOf(), { scrape_interval: '2s' });
    assert.deepEqual(timesOf(seen), ['2s/2s', '2s/2s']);
  });

  it('the Pod’s labels count below its annotations', () => {
    const labels = { 'podscrape.dev/interval': '40s', 'podscrape.dev/timeout': '7s' };
    const byLabel = timesOf(scrapedOfPod(injected({ annotations: PORT, labels, ...TWO })));
    assert.deepEqual(byLabel, ['40s/7s', '40s/7s']);
    const annotations = { ...PORT, 'podscrape.dev/interval': '50s', 'podscrape.dev/timeout': '8s' };
    const byBoth = timesOf(scrapedOfPod(injected({ annotations, labels, ...TWO })));
    assert.deepEqual(byBoth, ['50s/8s', '50s/8s']);
  });

  const file = {
    profiles: {
      slowly: { summary: 'x', target: { port: 8080 }, interval: '2m', timeout: '20s' },
      'slow-statsd': { summary: 'x', exporter: { exporter: 'statsd-exporter' }, interval: '3m' },
    },
  };
  const both = {
    annotations: PORT,
    containers: {
      web: [{ containerPort: 8080 }],
      'statsd-exporter': [{ containerPort: 9102, name: 'statsd-metrics' }],
    },
  };

  it('a profile’s hold for its own targets', () => {
    const seen = scrapedOfPod(injected(both, ['slowly', 'slow-statsd']), optionsOf({}, file));
    assert.deepEqual(
      seen.map(({ url, interval, timeout }) => [url, interval, timeout]),
      [
        ['http://10.0.0.7:8080/metrics', '2m', '20s'],
        ['http://10.0.0.7:9102/metrics', '3m', '5s'],
      ],
    );
    const [app, exporter] = scrapedOfPod(injected(both, ['slowly', 'statsd']), optionsOf({}, file));
    assert.deepEqual([app?.interval, exporter?.interval, exporter?.timeout], ['2m', '15s', '5s']);
  });

  it('below the Pod’s, which lowers a profile’s timeout too', () => {
    const annotations = { ...PORT, 'podscrape.dev/interval': '10s' };
    const [seen] = scrapedOfPod(injected({ ...both, annotations }, ['slowly']), optionsOf({}, file));
    assert.deepEqual([seen?.interval, seen?.timeout], ['10s', '10s']);
  });

  it('a profile is not told by its name in a problem’s text, nor by a part of a name', () => {
    const told = JSON.stringify({ profiles: ['slowly-not'], problems: ['a "profiles":["slowly"] b'] });
    const annotations = { ...PORT, 'podscrape.dev/status': told };
    const [seen] = scrapedOfPod(injected({ ...both, annotations }), optionsOf({}, file));
    assert.equal(seen?.interval, '15s');
  });
});

describe('durations that are told to be long enough', () => {
  const fits = (least: string, text: string): boolean => {
    const compiled = compileRule({ source_labels: ['d'], regex: atLeast(least), action: 'keep' }, 'utf8');
    assert.ok('rule' in compiled);
    return relabel(discovered({ d: text }), [compiled.rule]).labels !== undefined;
  };
  it('exactly, around every figure of a few limits', () => {
    for (const limit of [1, 5, 9, 10, 15, 30, 59, 90, 100, 119, 600]) {
      for (let seconds = 1; seconds <= 1300; seconds += 1) {
        assert.equal(fits(`${limit}s`, `${seconds}s`), seconds >= limit, `${seconds}s against ${limit}s`);
      }
    }
  });
  it('in other units, with zeros in front, and in the second part', () => {
    const rows: readonly (readonly [string, string, boolean])[] = [
      ['5s', '5ms', false],
      ['5s', '05s', true],
      ['5s', '0m4s', false],
      ['5s', '0m5s', true],
      ['90s', '1m', false],
      ['90s', '2m', true],
      ['90s', '1h', true],
      ['1500ms', '1s', false],
      ['1500ms', '1499ms', false],
      ['1500ms', '1500ms', true],
    ];
    for (const [least, text, expected] of rows)
      assert.equal(fits(least, text), expected, `${text} ≥ ${least}`);
  });
});

describe('labels', () => {
  const ANNOTATED = { instance: '10.0.0.7:8080', job: 'podscrape-annotated' };
  const NAMED = { instance: '10.0.0.7:9090', job: 'podscrape-named' };
  const pod = injected({
    annotations: PORT,
    labels: {
      app: 'shop',
      pod: 'forged',
      job: 'forged',
      instance: 'forged',
      le: '1',
      'app.kubernetes.io/name': 'n',
    },
    ...TWO,
  });
  it('are named as wanted', () => {
    const labels = {
      namespace: 'kubernetes_namespace',
      pod: 'kubernetes_pod_name',
      container: 'kubernetes_container_name',
    };
    const [annotated, named] = scrapedOfPod(pod, optionsOf({ labels }));
    const expected = {
      kubernetes_container_name: 'web',
      kubernetes_namespace: 'shop',
      kubernetes_pod_name: 'web-1',
    };
    assert.deepEqual(annotated?.labels, { ...expected, ...ANNOTATED });
    assert.deepEqual(named?.labels, { ...expected, ...NAMED });
  });
  it('the Pod’s own come below ours, and take none of Prometheus’', () => {
    const [annotated, named] = scrapedOfPod(pod, optionsOf({ labelmap: '(.+)' }));
    const expected = {
      app: 'shop',
      app_kubernetes_io_name: 'n',
      container: 'web',
      namespace: 'shop',
      pod: 'web-1',
    };
    assert.deepEqual(annotated?.labels, { ...expected, ...ANNOTATED });
    assert.deepEqual(named?.labels, { ...expected, ...NAMED });
  });
  it('only those that match', () => {
    const [seen] = scrapedOfPod(pod, optionsOf({ labelmap: 'app|pod' }));
    assert.deepEqual(Object.keys(seen?.labels ?? {}), [
      'app',
      'container',
      'instance',
      'job',
      'namespace',
      'pod',
    ]);
  });
  it('app says the container’s name', () => {
    const [seen] = scrapedOfPod(pod, optionsOf({ labelmap: '(.+)', appLabelFromContainer: true }));
    assert.equal(seen?.labels['app'], 'web');
  });
});

describe('targets that need a job of their own', () => {
  const file = {
    profiles: {
      secure: {
        summary: 'x',
        target: { port: 8080 },
        exporter: { exporter: 'pushgateway' },
        authorization: { credentials: { name: 'token', key: 'value' } },
      },
    },
  };
  const options = optionsOf({ jobPrefix: 'p' }, file);
  const containers = {
    web: [{ containerPort: 8080 }],
    pushgateway: [{ containerPort: 9091, name: 'pushgat-metrics' }],
    'statsd-exporter': [{ containerPort: 9102, name: 'statsd-metrics' }],
  };
  it('are in that job alone, each once', () => {
    assert.deepEqual(
      places(scrapedOfPod(injected({ annotations: PORT, containers }, ['secure', 'statsd']), options)),
      [
        'p-annotated-secure http://10.0.0.7:8080/metrics',
        'p-named http://10.0.0.7:9102/metrics',
        'p-named-secure-pushgateway http://10.0.0.7:9091/metrics',
      ],
    );
    const seen = scrapedOfPod(injected({ annotations: PORT, containers }, ['pushgateway', 'http']), options);
    assert.deepEqual(
      seen.map(({ job, honorLabels }) => [job, honorLabels]),
      [
        ['p-annotated', false],
        ['p-named', false],
        ['p-named-pushgateway', true],
      ],
    );
  });
  it('also where the port is annotated', () => {
    const annotations = { 'prometheus.io/port': '9091' };
    const seen = scrapedOfPod(injected({ annotations, containers: { pushgateway: containers.pushgateway } }));
    assert.deepEqual(places(seen), ['podscrape-annotated-pushgateway http://10.0.0.7:9091/metrics']);
  });
  it('which has the credentials as files', () => {
    const job = podJobs(options).find(({ job_name }) => job_name === 'p-named-secure-pushgateway');
    assert.deepEqual(job?.authorization, { credentials_file: '/etc/prometheus/secrets/token/value' });
    assert.equal(job.honor_labels, true);
    assert.equal(podJobs(options)[0]?.authorization, undefined);
  });
});

describe('other families of annotations', () => {
  it('a prefix of one’s own, sanitised as Prometheus does', () => {
    const annotations = {
      'prometheus.io/scrape': 'false',
      'customized.my-prometheus/scrape': 'true',
      'customized.my-prometheus/port': '8080',
      'customized.my-prometheus/param_format': 'text',
    };
    const options = optionsOf({ dialect: 'customized.my-prometheus' });
    assert.deepEqual(places(scrapedOfPod(injected({ annotations, ...WEB }), options)), [
      'podscrape-annotated http://10.0.0.7:8080/metrics?format=text',
    ]);
  });

  const grafana = optionsOf({ dialect: 'k8s.grafana.com' });
  const scrape = { 'k8s.grafana.com/scrape': 'true', 'k8s.grafana.com/metrics.scheme': 'https' };
  it('Grafana’s', () => {
    const annotations = {
      ...scrape,
      'k8s.grafana.com/metrics.portNumber': '8080',
      'k8s.grafana.com/metrics.path': '/m',
      'k8s.grafana.com/metrics.scrapeInterval': '45s',
    };
    for (const pod of [injected({ annotations, ...WEB }), plain({ annotations, ...WEB })]) {
      const [seen, ...more] = scrapedOfPod(pod, grafana);
      assert.deepEqual([seen?.url, seen?.interval, more], ['https://10.0.0.7:8080/m', '45s', []]);
    }
  });
  it('Grafana’s port name and container choose among the ports of an unmarked Pod', () => {
    const containers = {
      a: [
        { containerPort: 1, name: 'x' },
        { containerPort: 2, name: 'y' },
      ],
      b: [{ containerPort: 3, name: 'z' }],
    };
    const byName = { ...scrape, 'k8s.grafana.com/metrics.portName': 'y' };
    assert.deepEqual(places(scrapedOfPod(plain({ annotations: byName, containers }), grafana)), [
      'podscrape-classic https://10.0.0.7:2/metrics',
    ]);
    const byContainer = { ...scrape, 'k8s.grafana.com/metrics.container': 'b' };
    assert.deepEqual(places(scrapedOfPod(plain({ annotations: byContainer, containers }), grafana)), [
      'podscrape-classic https://10.0.0.7:3/metrics',
    ]);
    const byNumber = { ...scrape, 'k8s.grafana.com/metrics.portNumber': '9' };
    assert.deepEqual(places(scrapedOfPod(plain({ annotations: byNumber, containers }), grafana)), [
      'podscrape-classic https://10.0.0.7:9/metrics',
    ]);
  });
});
