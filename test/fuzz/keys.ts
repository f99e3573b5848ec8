import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import { hostileText, hostileYaml } from './hostile.ts';
import type { Random } from './random.ts';

export const PREFIX = 'podscrape.dev';

type Texts = Record<string, string>;

/** What people write under each key; a key without a row gets hostile values only. */
const PLAUSIBLE: Readonly<Record<string, readonly string[]>> = {
  inject: ['enabled', 'true', 'Enabled', 'disabled', 'false'],
  profile: [
    'http',
    'statsd',
    'gunicorn',
    'spring-boot',
    'http,statsd',
    'statsd,gunicorn',
    'controller-runtime',
    ...['celery', 'pushgateway', 'postgres', 'redis', 'node', 'node-host', 'node,node-host'],
    ...['redis,http', 'statsd,redis', 'pushgateway,http', 'postgres,statsd', 'celery,redis'],
    'statsd,pushgateway,redis,node',
  ],
  scheme: ['http', 'https', 'HTTPS', 'Http'],
  path: ['/metrics', '/actuator/prometheus', '/', '/a%20b', '/x~y/z', 'metrics', `/${'p'.repeat(1023)}`],
  port: ['8080', '08080', '9102', '9125', '15020', '15090', '443', 'metrics', 'web', 'http', '1', '65535'],
  params: ['format=prometheus', 'a=1&b=2', 'a=1&a=2', 'a%5B%5D=x', 'match[]={job="a"}'],
  interval: ['5s', '15s', '1m30s', '1h', 'inherit', '500ms', '0s'],
  timeout: ['3s', '5s', '1s', '20s', 'inherit'],
  container: ['web', 'api', 'worker', 'c0', 'statsd-exporter', 'nope'],
  targets: [
    '[{container: web, port: 8080}, {port: 9000}]',
    '[{port: 8080}, {}]',
    '[{path: /x}]',
    '[{container: web}, {container: api, port: 9000, path: /a}]',
    '- {port: 9102}\n- {port: 8080, scheme: https}',
    '[{"container":"web","port":"metrics","interval":"30s","timeout":"10s","params":"a=b"}]',
    '[]',
  ],
  'native-sidecar': ['auto', 'true', 'false'],
  'app-env': ['auto', 'off'],
  'operator-mode': ['true', 'false'],
  'monitor-type': ['pod', 'service', 'ingress'],
  'statsd-mapping': [
    'mappings:\n- match: "a.*"\n  name: a\n  labels: {b: "$1"}\n',
    'defaults: {observer_type: summary}\nmappings: []',
    '{"mappings":[{"match":"(.+)","match_type":"regex","name":"$1"}]}',
  ],
  'statsd-mapping-configmap': ['mapping', 'mapping/statsd.yaml', 'a/b/c'],
  'exporter-address': [
    '127.0.0.1:6379',
    'redis://cache:6379/1',
    'http://127.0.0.1/stub_status',
    'pushgateway.monitoring:9091',
    'https://team:secret@push.example.com//',
    '127.0.0.1:5432/shop?sslmode=disable&password=x',
    'amqp://rabbitmq:5672//',
    'redis://$HOME{port}$$(A):6379',
    '--redis.addr=x:1',
    'unix:///run/redis.sock',
  ],
  'exporter-secret': ['database/dsn', 'redis/password', 'broker/url', 'database', 'x/y/z'],
  'exporter-cpu-request': ['10m', '1', '0', 'none', '99999'],
  'exporter-cpu-limit': ['100m', '5m', 'none', '1e3'],
  'exporter-memory-request': ['32Mi', '1Gi', 'none'],
  'exporter-memory-limit': ['128Mi', '1', 'none', '9223372036854775807'],
  'monitor-labels': ['release=prometheus', 'a=b,c=d'],
  'default-profile': ['http', 'nope'],
  mode: ['inject', 'audit', 'enforce'],
  profle: ['http'],
};

/** Every key of the table of the code, and those that people take for one. */
const NAMES = [...new Set([...ANNOTATION_NAMES, ...Object.keys(PLAUSIBLE)])];

/** What an earlier pass, or somebody who would like to look like one, may have left behind. */
const FORGED: Readonly<Record<string, readonly string[]>> = {
  status: [
    '{}',
    'null',
    '[]',
    '{"outcome":"injected","added":{"containers":["web"],"annotations":["a"],"ports":[1]}}',
    '{"added":{"containers":["statsd-exporter"],"ports":["web/8080"],"env":["web/STATSD_HOST"],"volumes":["podscrape-no-token"]}}',
    '{"added":{"annotations":["prometheus.io/port","kubectl.kubernetes.io/default-container"],"named":["web/8080"]}}',
    '{"added":{"containers":{"length":9},"ports":null,"env":"x"},"changed":{"prometheus.io/port":"web"}}',
    '{"__proto__":{"added":{}},"added":{"__proto__":["x"]},"problems":7,"outcome":[]}',
  ],
  hoisted: [
    '{}',
    '{"podscrape.dev/profile":"http"}',
    '{"annotations":{"podscrape.dev/port":"8080"},"labels":{"podscrape.dev/inject":"enabled"}}',
    '{"annotations":["a"],"labels":7}',
    '{"__proto__":"x","podscrape.dev/__proto__":"y"}',
    'null',
  ],
  mapping: ['mappings: []', 'x', ''],
  'mapping-statsd': ['mappings: []'],
  monitor: ['web'],
  workload: ['web'],
};

const COMMUNITY: Readonly<Record<string, readonly string[]>> = {
  scrape: ['true', 'True', 'TRUE', 'false', 'yes'],
  scheme: ['http', 'https', 'HTTPS'],
  path: ['/metrics', '/x', 'metrics'],
  port: ['8080', '09102', '9102', 'web', 'metrics', '15020'],
  param_a: ['1', ''],
  'scrape-slow': ['true'],
};

/**
 * Request keys of one object.
 *
 * @param hostile how many values in a hundred are not what the key is for
 */
export function requestKeys(random: Random, hostile: number): Texts {
  const keys: Texts = {};
  if (random.percent(55)) keys[`${PREFIX}/profile`] = random.pick(PLAUSIBLE['profile']!);
  // What an exporter connects to is rare among all keys, and needed by many profiles.
  for (const name of ['exporter-address', 'exporter-secret']) {
    if (random.percent(12)) keys[`${PREFIX}/${name}`] = random.pick(PLAUSIBLE[name]!);
  }
  for (let left = random.below(random.percent(5) ? 20 : 4); left > 0; left--) {
    const name = random.pick(NAMES);
    const plausible = PLAUSIBLE[name] ?? [];
    const value =
      plausible.length > 0 && !random.percent(hostile)
        ? random.pick(plausible)
        : name === 'targets' || name === 'statsd-mapping'
          ? hostileYaml(random)
          : hostileText(random);
    keys[`${PREFIX}/${name}`] = value;
  }
  return keys;
}

/** podscrape's own records, forged. */
export function forgedKeys(random: Random, hostile: number): Texts {
  const name = random.pick(Object.keys(FORGED));
  const value = random.percent(hostile) ? hostileText(random) : random.pick(FORGED[name]!);
  return { [`${PREFIX}/${name}`]: value };
}

/** The community's annotations, in the spellings that are found, and the keys of others that podscrape reads. */
export function communityKeys(random: Random, hostile: number): Texts {
  const keys: Texts = {};
  for (let left = random.between(1, 4); left > 0; left--) {
    const name = random.pick(Object.keys(COMMUNITY));
    const prefix = random.percent(80)
      ? 'prometheus.io/'
      : random.pick(['prometheus.io.', 'customized.prometheus/']);
    keys[`${prefix}${name}`] = random.percent(hostile) ? hostileText(random) : random.pick(COMMUNITY[name]!);
  }
  return {
    ...keys,
    ...random.maybe(5, 'kubectl.kubernetes.io/default-container', () => random.pick(['web', 'api', 'nope'])),
    ...random.maybe(5, 'prometheus.istio.io/merge-metrics', () => random.pick(['true', 'false'])),
    ...random.maybe(5, 'sidecar.istio.io/status', () => '{}'),
    ...random.maybe(5, 'k8s.grafana.com/metrics.portNumber', () => random.pick(['8080', 'x'])),
    ...random.maybe(2, 'kubernetes.io/config.mirror', () => 'x'),
  };
}
