/** Labels beside the usual ones of a replica. */
type Labels = Readonly<Record<string, string>>;

/** A time series in promtool's notation: `0x5 1x30` is six times 0 and then 31 times 1, a value a minute. */
interface Series {
  readonly metric: string;
  readonly values: string;
  readonly labels: Labels;
}

/** What an alert makes of some series at a moment. */
export interface RuleCase {
  readonly alert: string;
  readonly name: string;
  readonly series: readonly Series[];
  readonly at: string;
  /** The labels of the alerts that fire, without name and severity; none where it keeps quiet. */
  readonly fires: readonly Labels[];
}

const JOB: Labels = { job: 'podscrape', namespace: 'monitoring' };
const A: Labels = { ...JOB, instance: '10.0.0.1:8080', pod: 'podscrape-a' };
const B: Labels = { ...JOB, instance: '10.0.0.2:8080', pod: 'podscrape-b' };
const SHOP: Labels = { job: 'shop', namespace: 'shop', instance: '10.0.0.3:8080', pod: 'shop-a' };
const ENTRY = 'object.podscrape.dev';
const DAY = 86_400;

const of =
  (labels: Labels) =>
  (metric: string, values: string, more: Labels = {}) => ({
    metric,
    values,
    labels: { ...labels, ...more },
  });
const a = of(A);
const b = of(B);
const shop = of(SHOP);
const apiserver = of({ job: 'apiserver', instance: '10.0.0.9:6443' });

/** What every case of one alert shares. */
const cases = (
  alert: string,
  usually: string,
  rows: Readonly<Record<string, readonly [series: Series[], fires: Labels[], at?: string]>>,
) =>
  Object.entries(rows).map(([name, [series, fires, at = usually]]): RuleCase => ({
    alert,
    name,
    series,
    at,
    fires,
  }));

const info = 'podscrape_build_info';
const failedOpen = 'podscrape_admission_failed_open_total';
const rejected = 'podscrape_admission_rejected_requests_total';
const shed = 'podscrape_admission_shed_requests_total';
const unmet = 'podscrape_admission_unmet_requests_total';
const duration = 'podscrape_admission_duration_seconds_bucket';
const lag = 'nodejs_eventloop_lag_max_seconds';
const reloaded = 'podscrape_config_last_reload_successful';
const synced = 'podscrape_namespace_watch_synced';
const notAfter = 'podscrape_certificate_not_after_timestamp_seconds';
const notBefore = 'podscrape_certificate_not_before_timestamp_seconds';
const authority = 'podscrape_certificate_authority_not_after_timestamp_seconds';
const renewals = 'podscrape_certificate_renewals_total';
const published = 'podscrape_ca_bundle_published';
const leads = 'podscrape_leader';
const repairs = 'podscrape_ca_bundle_repairs_total';
const passed = 'apiserver_admission_webhook_fail_open_count';
const refused = 'apiserver_admission_webhook_rejection_count';
const called = 'apiserver_admission_webhook_admission_duration_seconds_bucket';

const certificate = (from: number, to: number) => [a(notBefore, `${from}x60`), a(notAfter, `${to}x60`)];

/** Each alert when it has to fire, and when it must not. */
export const RULE_CASES: readonly RuleCase[] = [
  ...cases('PodscrapeDown', '10m', {
    'nobody is scraped': [[shop('up', '1x20')], [{}]],
    'no replica is ready': [[a('podscrape_ready', '0x20'), b('podscrape_ready', '1x3 0x20')], [{}]],
    'one of two is ready': [[a('podscrape_ready', '0x20'), b('podscrape_ready', '1x20')], []],
    'none was for a minute': [[a('podscrape_ready', '1x3 0 1x20')], [], '4m'],
    'one of two clusters has none': [
      [a('podscrape_ready', '1x3 stale', { cluster: '1' }), a('podscrape_ready', '1x20', { cluster: '2' })],
      [{ cluster: '1' }],
    ],
    'neither of two clusters has one': [
      [a('podscrape_ready', '0x20', { cluster: '1' }), a('podscrape_ready', '0x20', { cluster: '2' })],
      [{}],
    ],
    'all are others than before': [[a('podscrape_ready', '1x3 stale'), b('podscrape_ready', '_x3 1x20')], []],
  }),
  ...cases('PodscrapeReplicaDown', '20m', {
    'a replica answers no more': [
      [a('up', '1x5 0x20'), a(info, '1x5 _x20'), b('up', '1x30'), b(info, '1x30')],
      [A],
    ],
    'for hours': [[a('up', '1x5 0x300'), a(info, '1x5 _x300')], [A], '5h'],
    'a replica is gone': [[a('up', '1x5 stale'), a(info, '1x5 stale')], []],
    'its address is somebody else’s now': [
      [a('up', '1x5 stale'), a(info, '1x5 stale'), of({ ...A, pod: 'shop-a' })('up', '_x6 0x30')],
      [],
    ],
    'something else answers no more': [[shop('up', '1x5 0x20'), a('up', '1x30'), a(info, '1x30')], []],
    'it was away for five minutes': [[a('up', '1x5 0x5 1x20'), a(info, '1x5 _x5 1x20')], [], '11m'],
  }),
  ...cases('PodscrapeReplicaNotReady', '12m', {
    'one is not': [[a('podscrape_ready', '0x20'), b('podscrape_ready', '1x20')], [A]],
    'it takes a while to start': [[a('podscrape_ready', '0x5 1x20')], [], '5m'],
  }),
  ...cases('PodscrapeFailingOpen', '10m', {
    'one object went through': [
      [a(failedOpen, '0x5 1x20', { stage: 'inject' })],
      [{ ...JOB, stage: 'inject' }],
    ],
    'two replicas fail alike': [
      [a(failedOpen, '0x5 1x20', { stage: 'patch' }), b(failedOpen, '0x5 3x20', { stage: 'patch' })],
      [{ ...JOB, stage: 'patch' }],
    ],
    'it was long ago': [[a(failedOpen, '7x30', { stage: 'inject' })], []],
  }),
  ...cases('PodscrapeErrors', '10m', {
    'a 500': [[a(rejected, '0x5 1x20', { status: '500' })], [{ ...JOB, status: '500' }]],
    'a body too large': [[a(rejected, '0x5 1x20', { status: '413' })], [{ ...JOB, status: '413' }]],
    'somebody looks for pages': [[a(rejected, '0+9x20', { status: '404' })], []],
    'a replica drains': [[a(rejected, '0+9x20', { status: '503' })], []],
  }),
  ...cases('PodscrapeShedding', '12m', {
    'without end': [[a(shed, '0+1x20', { cause: 'overloaded' })], [{ ...JOB, cause: 'overloaded' }]],
    once: [[a(shed, '0x2 50x20', { cause: 'body-budget' })], [], '6m'],
    'a replica drains': [[a(shed, '0+1x20', { cause: 'draining' })], []],
  }),
  ...cases('PodscrapeSlow', '20m', {
    'all take a second': [
      [
        a(duration, '0x30', { le: '0.5' }),
        a(duration, '0+9x30', { le: '1' }),
        a(duration, '0+9x30', { le: '+Inf' }),
      ],
      [JOB],
    ],
    'all take a millisecond': [
      [a(duration, '0+9x30', { le: '0.001' }), a(duration, '0+9x30', { le: '+Inf' })],
      [],
    ],
    'for a moment': [[a(duration, '0+9x30', { le: '1' }), a(duration, '0+9x30', { le: '+Inf' })], [], '5m'],
    'nobody asks': [[a(duration, '9x30', { le: '1' }), a(duration, '9x30', { le: '+Inf' })], []],
  }),
  ...cases('PodscrapeEventLoopLag', '12m', {
    'one lags': [[a(lag, '0.7x20'), a(info, '1x20', { version: '1' }), b(lag, '0.2x20')], [A]],
    'somebody else lags': [[shop(lag, '0.7x20'), a(lag, '0.01x20'), a(info, '1x20')], []],
    'it lagged for a moment': [[a(lag, '0.01x5 0.9x2 0.01x20'), a(info, '1x20')], [], '8m'],
  }),
  ...cases('PodscrapeAskedNotInjected', '10m', {
    'a bad request': [[a(unmet, '0x5 1x20', { reason: 'bad-request' })], [{ ...JOB, reason: 'bad-request' }]],
    'it was long ago': [[a(unmet, '3x20', { reason: 'bad-request' })], []],
  }),
  ...cases('PodscrapeConfigReloadFailed', '10m', {
    'the file is invalid': [[a(reloaded, '1x3 0x20')], [A]],
    'it is mended': [[a(reloaded, '1x3 0x3 1x20')], [], '7m'],
  }),
  ...cases('PodscrapeConfigsDiffer', '20m', {
    'two of them': [
      [a('podscrape_config_info', '1x30', { hash: 'x' }), b('podscrape_config_info', '1x30', { hash: 'y' })],
      [JOB],
    ],
    'two of them, where nodes are labels': [
      [
        a('podscrape_config_info', '1x30', { hash: 'x', node: '1' }),
        b('podscrape_config_info', '1x30', { hash: 'y', node: '2' }),
      ],
      [JOB],
    ],
    'the same': [
      [a('podscrape_config_info', '1x30', { hash: 'x' }), b('podscrape_config_info', '1x30', { hash: 'x' })],
      [],
    ],
    'two clusters, each with its own': [
      [
        a('podscrape_config_info', '1x30', { hash: 'x', cluster: '1' }),
        a('podscrape_config_info', '1x30', { hash: 'y', cluster: '2' }),
      ],
      [],
    ],
    'one is slower to take it': [
      [
        a('podscrape_config_info', '1x5 _x30', { hash: 'x' }),
        a('podscrape_config_info', '_x6 1x30', { hash: 'y' }),
        b('podscrape_config_info', '1x8 _x30', { hash: 'x' }),
        b('podscrape_config_info', '_x9 1x30', { hash: 'y' }),
      ],
      [],
      '9m',
    ],
  }),
  ...cases('PodscrapeNamespacesNotSynced', '10m', {
    'no list': [[a(synced, '0x20')], [A]],
    'it takes a while': [[a(synced, '0x3 1x20')], [], '3m'],
  }),
  ...cases('PodscrapeCertificateExpiresSoon', '20m', {
    'ten days of ninety left': [certificate(-80 * DAY, 10 * DAY), [A]],
    'five hours of a day left': [certificate(-19 * 3600, 5 * 3600), [A]],
    // 0 stands there then, which is 1970, and promtool's clock starts at 0.
    'a life that is not known': [certificate(-56 * 365 * DAY, 10 * DAY), [A]],
    'since a moment': [certificate(-80 * DAY, 10 * DAY), [], '10m'],
    'twenty days of a year left': [certificate(-345 * DAY, 20 * DAY), []],
    'twenty hours of a day left': [certificate(-4 * 3600, 20 * 3600), []],
    expired: [certificate(-90 * DAY, 60), []],
    none: [[a(notBefore, '0x60'), a(notAfter, '0x60')], []],
  }),
  ...cases('PodscrapeCertificateExpired', '20m', {
    'a minute ago': [certificate(-DAY, 19 * 60), [A]],
    'not yet': [certificate(-DAY, 21 * 60), []],
    none: [[a(notAfter, '0x60')], []],
  }),
  ...cases('PodscrapeAuthorityExpiresSoon', '90m', {
    'three days left': [[a(authority, `${3 * DAY}x120`)], [A]],
    'since a moment': [[a(authority, `${3 * DAY}x120`)], [], '30m'],
    'two months left': [[a(authority, `${60 * DAY}x120`)], []],
    'somebody else’s': [[a(authority, '0x120')], []],
  }),
  ...cases('PodscrapeCertificateRenewalFailed', '10m', {
    'one failed': [[a(renewals, '0x5 1x20', { result: 'failure' })], [{ ...A, result: 'failure' }]],
    'one succeeded': [
      [a(renewals, '0x5 1x20', { result: 'success' }), a(renewals, '0x20', { result: 'failure' })],
      [],
    ],
  }),
  ...cases('PodscrapeNoLeader', '20m', {
    'no replica leads': [
      [a(authority, '9x30'), b(authority, '9x30'), a(leads, '0x30'), b(leads, '1x3 0x30')],
      [JOB],
    ],
    'the other leads': [[a(authority, '9x30'), b(authority, '9x30'), a(leads, '0x30'), b(leads, '1x30')], []],
    'the other leads, where nodes are labels': [
      [
        ...[a(authority, '9x30', { node: '1' }), b(authority, '9x30', { node: '2' })],
        ...[a(leads, '0x30', { node: '1' }), b(leads, '1x30', { node: '2' })],
      ],
      [],
    ],
    'another cluster has one': [
      [
        ...[a(authority, '9x30', { cluster: '1' }), a(authority, '9x30', { cluster: '2' })],
        ...[a(leads, '0x30', { cluster: '1' }), a(leads, '1x30', { cluster: '2' })],
      ],
      [{ ...JOB, cluster: '1' }],
    ],
    'somebody else’s authority': [[a(authority, '0x30'), a(leads, '0x30')], []],
    'it changes hands': [[a(authority, '9x30'), a(leads, '1x3 0x6 1x30')], [], '10m'],
  }),
  ...cases('PodscrapeCaBundleNotPublished', '10m', {
    'the leader cannot': [
      [
        a(published, '0x20', { configuration: '00-podscrape' }),
        a(published, '1x20', { configuration: 'podscrape' }),
      ],
      [{ ...JOB, configuration: '00-podscrape' }],
    ],
    'another leads': [
      [
        a(published, '0x20', { configuration: 'podscrape' }),
        b(published, '1x20', { configuration: 'podscrape' }),
      ],
      [],
    ],
    'it takes a while': [[a(published, '0x2 1x20', { configuration: 'podscrape' })], [], '2m'],
  }),
  ...cases('PodscrapeCaBundleContested', '40m', {
    'every minute': [
      [a(repairs, '0+1x60', { configuration: 'podscrape' })],
      [{ ...JOB, configuration: 'podscrape' }],
    ],
    once: [[a(repairs, '0x20 1x60', { configuration: 'podscrape' })], []],
  }),
  ...cases('PodscrapeCallsFailOpen', '15m', {
    'the first ever': [
      [apiserver('up', '1x30'), apiserver(passed, '_x10 1x20', { name: ENTRY, type: 'admit' })],
      [{ name: ENTRY }],
    ],
    'to a Prometheus that is new, long ago': [
      [apiserver('up', '_x10 1x20'), apiserver(passed, '_x10 7x20', { name: ENTRY, type: 'admit' })],
      [],
    ],
    'one more': [[apiserver(passed, '5x10 6x20', { name: ENTRY, type: 'admit' })], [{ name: ENTRY }]],
    'in one of two clusters': [
      ['5x30', '5x10 6x20'].map((values, cluster) =>
        apiserver(passed, values, { name: ENTRY, type: 'admit', cluster: `${cluster}` }),
      ),
      [{ name: ENTRY, cluster: '1' }],
    ],
    'long ago': [[apiserver(passed, '5x40', { name: ENTRY, type: 'admit' })], []],
    'somebody else’s': [
      [apiserver('up', '1x30'), apiserver(passed, '_x10 1x20', { name: 'a.example.com', type: 'admit' })],
      [],
    ],
  }),
  ...cases('PodscrapeCallsRejected', '15m', {
    'the call failed': [
      [
        apiserver('up', '1x30'),
        apiserver(refused, '_x10 1x20', { name: ENTRY, error_type: 'calling_webhook_error' }),
      ],
      [{ name: ENTRY, error_type: 'calling_webhook_error' }],
    ],
    'to a Prometheus that is new, long ago': [
      [
        apiserver('up', '_x10 1x20'),
        apiserver(refused, '_x10 7x20', { name: ENTRY, error_type: 'calling_webhook_error' }),
      ],
      [],
    ],
    'the patch was bad': [
      [apiserver(refused, '2x10 3x20', { name: ENTRY, error_type: 'apiserver_internal_error' })],
      [{ name: ENTRY, error_type: 'apiserver_internal_error' }],
    ],
    'long ago': [[apiserver(refused, '2x40', { name: ENTRY, error_type: 'calling_webhook_error' })], []],
    'somebody else’s': [
      [
        apiserver('up', '1x30'),
        apiserver(refused, '_x10 1x20', { name: 'a.example.com', error_type: 'calling_webhook_error' }),
      ],
      [],
    ],
    'a policy denied it': [[apiserver(refused, '0+1x20', { name: ENTRY, error_type: 'no_error' })], []],
  }),
  ...cases('PodscrapeCallsSlow', '20m', {
    'all take two seconds': [
      [
        apiserver(called, '0x30', { name: ENTRY, le: '1' }),
        apiserver(called, '0+9x30', { name: ENTRY, le: '2.5' }),
        apiserver(called, '0+9x30', { name: ENTRY, le: '+Inf' }),
      ],
      [{ name: ENTRY }],
    ],
    'for a moment': [
      [
        apiserver(called, '0+9x30', { name: ENTRY, le: '2.5' }),
        apiserver(called, '0+9x30', { name: ENTRY, le: '+Inf' }),
      ],
      [],
      '5m',
    ],
    'all are quick': [
      [
        apiserver(called, '0+9x30', { name: ENTRY, le: '0.005' }),
        apiserver(called, '0+9x30', { name: ENTRY, le: '+Inf' }),
      ],
      [],
    ],
  }),
];
