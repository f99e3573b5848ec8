import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { explainPod } from '../../src/prometheus/explain.ts';
import type { ActiveTarget, RunningTargets } from '../../src/prometheus/explain-health.ts';
import { healthOf } from '../../src/prometheus/explain-health.ts';
import { causeOf } from '../../src/prometheus/health.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import { makeLabels } from '../../src/prometheus/labels.ts';

const GET = 'Get "https://127.0.0.1:9/metrics": ';
const X509 = `${GET}tls: failed to verify certificate: x509: `;

/** As Prometheus 3.15 said them of small servers that misbehave so. */
const ERRORS: readonly (readonly [lastError: string, code: string])[] = [
  ['Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: connection refused', 'refused'],
  ['Get "http://[::1]:1/metrics": dial tcp [::1]:1: connect: connection refused', 'refused'],
  ['Get "http://no.invalid:80/metrics": dial tcp: lookup no.invalid on 10.0.0.53:53: no such host', 'name'],
  ['Get "http://10.0.0.7:80/metrics": context deadline exceeded', 'timeout'],
  ['context deadline exceeded', 'timeout'],
  ['server returned HTTP status 404 Not Found', 'not-found'],
  ['server returned HTTP status 401 Unauthorized', 'unauthorized'],
  ['server returned HTTP status 403 Forbidden', 'forbidden'],
  ['server returned HTTP status 400 Bad Request', 'http-on-https'],
  ['server returned HTTP status 503 Service Unavailable', 'status'],
  ['server returned HTTP status 500 Internal Server Error', 'status'],
  ['Get "/metrics": stopped after 10 redirects', 'redirects'],
  [`${GET}http: server gave HTTP response to HTTPS client`, 'https-on-http'],
  [`${X509}certificate signed by unknown authority`, 'unknown-ca'],
  [`${X509}certificate is valid for 10.9.9.9, not 127.0.0.1`, 'wrong-name'],
  [`${X509}cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs`, 'wrong-name'],
  [
    `${X509}certificate has expired or is not yet valid: current time 2026-11-21T12:40:56Z is after 2025-06-01T00:00:00Z`,
    'expired',
  ],
  [`${GET}remote error: tls: certificate required`, 'client-certificate'],
  [`${GET}remote error: tls: handshake failure`, 'tls'],
  [
    'Get "http://127.0.0.1:9/metrics": unable to read authorization credentials: unable to read file nope.txt: open nope.txt: no such file or directory',
    'credentials',
  ],
  [
    'received unsupported Content-Type "text/html" and no fallback_scrape_protocol specified for target',
    'content-type',
  ],
  [
    'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    'content-type',
  ],
  [
    'cannot parse Content-Type ";;;" and no fallback_scrape_protocol for target\nmime: no media type',
    'content-type',
  ],
  ['expected a valid start token, got "<" ("INVALID") while parsing: "<"', 'format'],
  ['strconv.ParseFloat: parsing "x": invalid syntax while parsing: "a x"', 'format'],
  ['data does not end with # EOF', 'format'],
  ['gzip: invalid header', 'format'],
  ['body size limit exceeded', 'body-limit'],
  ['sample limit exceeded', 'sample-limit'],
  ['label_limit exceeded (metric: a, number of labels: 5, limit: 2)', 'sample-limit'],
  ['Get "http://127.0.0.1:9/metrics": EOF', 'closed'],
  [
    'Get "http://127.0.0.1:9/metrics": read tcp 127.0.0.1:8->127.0.0.1:9: read: connection reset by peer',
    'closed',
  ],
  [
    'Get "http://127.0.0.1:9/metrics": net/http: HTTP/1.x transport connection broken: malformed HTTP status code "world"',
    'closed',
  ],
  ['something new', 'other'],
];

suite('causes of failed scrapes', () => {
  for (const [lastError, code] of ERRORS)
    test(lastError, () => {
      const found = causeOf(lastError);
      assert.equal(found.code, code);
      assert.doesNotMatch(found.cause, /\$\d|undefined/);
    });

  test('what was found is named', () => {
    assert.match(
      causeOf('server returned HTTP status 503 Service Unavailable').cause,
      /503 Service Unavailable/,
    );
    assert.match(causeOf(ERRORS[20]![0]).cause, /"text\/html"/);
    assert.equal(causeOf('something new').cause, 'something new');
  });
});

const compiled = compileJob({
  job_name: 'pods',
  scrape_interval: '15s',
  scrape_timeout: '5s',
  kubernetes_sd_configs: [{ role: 'pod' }],
  relabel_configs: [
    {
      source_labels: ['__meta_kubernetes_pod_annotation_prometheus_io_scrape'],
      action: 'keep',
      regex: 'true',
    },
  ],
});
assert.ok('job' in compiled);
const { job } = compiled;
const origin = { kind: 'Deployment', name: 'web', namespace: 'shop' };
const explained = explainPod(
  {
    metadata: {
      name: 'web-xxxxxxxxxx-xxxxx',
      namespace: 'shop',
      annotations: { 'prometheus.io/scrape': 'true' },
    },
    spec: { containers: [{ name: 'web', ports: [{ containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: '10.0.0.7' },
  },
  [job],
);

function active(
  over: Partial<ActiveTarget> & { readonly meta?: Readonly<Record<string, string>> },
): ActiveTarget {
  const { meta = {}, ...rest } = over;
  const said = {
    namespace: 'shop',
    pod_name: 'web-7d4b9c-k2v5x',
    pod_controller_kind: 'ReplicaSet',
    pod_controller_name: 'web-7d4b9c',
    pod_container_name: 'web',
    pod_container_port_number: '8080',
    pod_annotation_prometheus_io_scrape: 'true',
    ...meta,
  };
  return {
    discovered: makeLabels(Object.entries(said).map(([name, value]) => [`__meta_kubernetes_${name}`, value])),
    job: 'pods',
    url: 'http://10.244.3.4:8080/metrics',
    health: 'up',
    lastError: '',
    duration: 0.1,
    interval: '15s',
    timeout: '5s',
    ...rest,
  };
}

const none: RunningTargets = { active: [], dropped: [], droppedCounts: {} };
const states = (running: Partial<RunningTargets>): readonly (readonly [string, string])[] =>
  healthOf(explained, origin, { ...none, ...running }).map(({ state, notes, cause }) => [
    state,
    [cause?.code, ...notes].filter((note) => note !== undefined).join('; '),
  ]);

suite('targets in a running Prometheus', () => {
  test('up, whatever the address and the Pod’s generated name', () =>
    assert.deepEqual(states({ active: [active({})] }), [['up', '']]));

  test('down with its cause; a timeout with its times', () => {
    const timeout = active({ health: 'down', lastError: 'context deadline exceeded', duration: 5.01 });
    assert.deepEqual(states({ active: [timeout] }), [
      ['down', 'timeout; took 5.0 s; interval 15s, timeout 5s'],
    ]);
  });

  test('not scraped yet', () =>
    assert.match(
      states({ active: [active({ health: 'unknown' })] })[0]![1],
      /^not scraped yet; it is every 15s$/,
    ));

  test('every instance; not another workload’s whose name begins the same', () => {
    const other = active({
      meta: { pod_name: 'web-api-7d4b9c-k2v5x', pod_controller_name: 'web-api-7d4b9c' },
    });
    const second = active({ meta: { pod_name: 'web-7d4b9c-zzzzz' }, url: 'http://10.244.3.5:8080/metrics' });
    assert.deepEqual(
      states({ active: [active({}), second, other] }).map(([state]) => state),
      ['up', 'up'],
    );
  });

  test('other times than explained', () =>
    assert.match(
      states({ active: [active({ interval: '1m' })] })[0]![1],
      /interval is 1m, and 15s was explained/,
    ));

  test('scraped at another path', () => {
    const [missing, other] = states({ active: [active({ url: 'http://10.244.3.4:8080/m' })] });
    assert.match(missing!.join(), /^missing,is scraped as http:\/\/10\.244\.3\.4:8080\/m instead/);
    assert.match(other!.join(), /^up,runs, and was not explained/);
  });

  test('dropped by a rule', () => {
    const { discovered } = active({ meta: { pod_annotation_prometheus_io_scrape: 'True' } });
    assert.match(
      states({ dropped: [{ discovered, job: 'pods' }], droppedCounts: { pods: 1 } })[0]!.join(),
      /^missing,is dropped by rule 1 \(keep\): \S+_scrape is "True", which does not match true$/,
    );
    assert.match(
      states({ dropped: [{ discovered: active({}).discovered, job: 'pods' }] })[0]![1],
      /a rule of the running configuration that the explained one does not have/,
    );
  });

  const elsewhere = (namespace: string): ActiveTarget =>
    active({
      meta: { namespace, pod_name: 'db-0', pod_controller_kind: 'StatefulSet', pod_controller_name: 'db' },
    });
  const MISSING: readonly (readonly [string, Partial<RunningTargets>, RegExp])[] = [
    ['no such job', {}, /there is no job pods in the running Prometheus/],
    ['nothing discovered', { droppedCounts: { pods: 0 } }, /discovers nothing at all: look at the rights/],
    ['dropped, unlisted', { droppedCounts: { pods: 7 } }, /the job dropped 7 and lists none/],
    ['other namespaces', { active: [elsewhere('db')] }, /the job sees namespace db, not shop/],
    ['its namespace', { active: [elsewhere('shop')] }, /though others in namespace shop are/],
  ];
  for (const [what, running, message] of MISSING)
    test(`not discovered: ${what}`, () => assert.match(states(running)[0]!.join(), message));
});
