import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { compileJob } from '../../src/prometheus/job.ts';
import { makeLabels } from '../../src/prometheus/labels.ts';
import type { RelabelConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';
import { targetUrl } from '../../src/prometheus/target-url.ts';
import { distinctTargets, findTarget } from '../../src/prometheus/target.ts';
import type { FoundTarget } from '../../src/prometheus/target.ts';

const DISCOVERED = {
  __address__: '10.0.0.7:8080',
  __meta_kubernetes_namespace: 'shop',
  __meta_kubernetes_pod_name: 'web',
};

const HISTOGRAMS = {
  __always_scrape_classic_histograms__: 'false',
  __convert_classic_histograms_to_nhcb__: 'false',
  __scrape_native_histograms__: 'false',
};

function found(config: Partial<ScrapeConfig>, discovered: Record<string, string> = DISCOVERED): FoundTarget {
  const result = compileJob({ job_name: 'pods', ...config });
  assert.ok('job' in result, 'the job has problems');
  return findTarget(makeLabels(Object.entries(discovered)), result.job);
}

const set = (target_label: string, replacement: string): RelabelConfig => ({ target_label, replacement });

describe('a discovered target in a job', () => {
  it('has the settings of the job as labels, and is scraped', () => {
    const { discovered, outcome, job } = found({
      scrape_interval: '90s',
      params: { match: ['a', 'b'], none: [] },
      relabel_configs: [
        { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
        set('__tmp_x', 'y'),
      ],
    });
    assert.equal(job, 'pods');
    assert.deepEqual(Object.fromEntries(discovered), {
      ...DISCOVERED,
      ...HISTOGRAMS,
      __metrics_path__: '/metrics',
      __param_match: 'a',
      __scheme__: 'http',
      __scrape_interval__: '1m30s',
      __scrape_timeout__: '10s',
      job: 'pods',
    });
    assert.ok(outcome.state === 'scraped');
    const { labels, internal, ...rest } = outcome.target;
    assert.deepEqual(rest, {
      url: 'http://10.0.0.7:8080/metrics?match=a&match=b',
      interval: '1m30s',
      timeout: '10s',
    });
    const own = { instance: '10.0.0.7:8080', job: 'pods', namespace: 'shop' };
    assert.deepEqual(Object.fromEntries(labels), own);
    assert.deepEqual([...labels.keys()], ['instance', 'job', 'namespace']);
    assert.deepEqual(Object.fromEntries(internal), {
      ...own,
      ...HISTOGRAMS,
      __address__: '10.0.0.7:8080',
      __metrics_path__: '/metrics',
      __param_match: 'a',
      __scheme__: 'http',
      __scrape_interval__: '1m30s',
      __scrape_timeout__: '10s',
      __tmp_x: 'y',
    });
  });

  it('has how histograms are scraped as labels, which rules read and write', () => {
    const native = '__scrape_native_histograms__';
    const { outcome } = found({
      scrape_native_histograms: true,
      relabel_configs: [
        {
          source_labels: [native, '__convert_classic_histograms_to_nhcb__'],
          regex: 'true;false',
          action: 'keep',
        },
        set(native, ''),
        { action: 'labelmap', regex: '__(always_.+)__' },
      ],
    });
    assert.ok(outcome.state === 'scraped');
    assert.equal(outcome.target.internal.has(native), false);
    assert.equal(outcome.target.labels.get('always_scrape_classic_histograms'), 'false');
  });

  it('goes through labelmap in the order in which Prometheus sets its labels', () => {
    const labels = {
      ...DISCOVERED,
      __meta_a: 'of the Pod',
      __meta_kubernetes_pod_container_name: 'of the port',
    };
    const mapped = (regex: string): string | false | undefined => {
      const rule: RelabelConfig = { action: 'labelmap', regex, replacement: 'x' };
      const { outcome } = found({ params: { a: ['of a parameter'] }, relabel_configs: [rule] }, labels);
      return outcome.state === 'scraped' && outcome.target.labels.get('x');
    };
    assert.equal(mapped('__meta_a|__meta_kubernetes_pod_container_name'), 'of the Pod');
    assert.equal(mapped('__scheme__|job'), 'http');
    assert.equal(mapped('__param_a|job'), 'of a parameter');
  });

  it('keeps what discovery has set', () => {
    const { discovered } = found({ params: { a: ['1'] } }, { ...DISCOVERED, job: 'other', __param_a: '2' });
    assert.equal(discovered.get('job'), 'other');
    assert.equal(discovered.get('__param_a'), '2');
  });

  it('keeps an instance that a rule has set', () => {
    const { outcome } = found({ relabel_configs: [set('instance', 'web')] });
    assert.equal(outcome.state === 'scraped' && outcome.target.labels.get('instance'), 'web');
  });

  it('is dropped by a rule', () => {
    const rules: readonly RelabelConfig[] = [
      set('a', 'b'),
      { source_labels: ['a'], regex: 'b', action: 'drop' },
      set('c', 'd'),
    ];
    const { outcome, steps } = found({ relabel_configs: rules });
    assert.deepEqual(outcome, { state: 'dropped', rule: 1 });
    assert.equal(steps.length, 2);
  });

  const INVALID: readonly (readonly [RelabelConfig, string])[] = [
    [set('__address__', ''), '__address__ is empty; a rule took the address away'],
    [set('__address__', 'web/x'), '__address__ "web/x" has a /; write HOST:PORT'],
    [set('__scrape_interval__', ''), '__scrape_interval__ is empty; write it like 30s'],
    [
      set('__scrape_interval__', 'soon'),
      '__scrape_interval__ "soon" is no Prometheus duration; write it like 30s or 1m30s',
    ],
    [set('__scrape_timeout__', '0'), '__scrape_timeout__ "0" is no time at all; write it like 30s'],
    [set('__scrape_timeout__', '2m'), '__scrape_timeout__ 2m is longer than __scrape_interval__ 1m'],
    [set('__scrape_interval__', '5s'), '__scrape_timeout__ 10s is longer than __scrape_interval__ 5s'],
    [
      set('__scrape_native_histograms__', 'maybe'),
      '__scrape_native_histograms__ "maybe" is not true or false',
    ],
  ];
  for (const [rule, reason] of INVALID) {
    it(reason, () =>
      assert.deepEqual(found({ relabel_configs: [rule] }).outcome, { state: 'invalid', reason }),
    );
  }

  it('tells an interval as it was written', () => {
    const { outcome } = found({ relabel_configs: [set('__scrape_interval__', '60s')] });
    assert.equal(outcome.state === 'scraped' && outcome.target.interval, '60s');
  });
});

describe('targets that are one', () => {
  const ports = ['8080', '9090'].map((port) => ({ ...DISCOVERED, __address__: `10.0.0.7:${port}` }));
  const countOf = (...rules: readonly RelabelConfig[]): number =>
    distinctTargets(ports.map((discovered) => found({ relabel_configs: rules }, discovered))).length;

  it('by their labels and their URL', () => {
    assert.equal(countOf(), 2);
    assert.equal(countOf(set('__address__', '10.0.0.7:1')), 1);
  });

  it('not where an internal label tells them apart', () => {
    const port: RelabelConfig = { source_labels: ['__address__'], target_label: '__tmp_port' };
    assert.equal(countOf(port, set('__address__', '10.0.0.7:1')), 2);
  });
});

describe('the URL of a target', () => {
  const PARTS = { __address__: 'h:1', __metrics_path__: '/metrics', __scheme__: 'http' };
  const URLS: readonly (readonly [
    labels: Record<string, string>,
    params: Record<string, string[]>,
    url: string,
  ])[] = [
    [{}, {}, 'http://h:1/metrics'],
    [{ __scheme__: '' }, {}, '//h:1/metrics'],
    [{ __metrics_path__: '' }, {}, 'http://h:1'],
    [{ __metrics_path__: 'metrics' }, {}, 'http://h:1/metrics'],
    [{ __metrics_path__: '/a b?c#d%e[]é' }, {}, 'http://h:1/a%20b%3Fc%23d%25e%5B%5D%C3%A9'],
    [{ __metrics_path__: "/$&+,:;=@~!'()*" }, {}, 'http://h:1/$&+,:;=@~%21%27%28%29%2A'],
    [{ __metrics_path__: '*' }, {}, 'http://h:1/*'],
    [{ __address__: '[fd00::5]:8080' }, {}, 'http://[fd00::5]:8080/metrics'],
    [{ __address__: 'fd00::5' }, {}, 'http://fd00::5/metrics'],
    [{ __address__: 'a b%' }, {}, 'http://a%20b%25/metrics'],
    [
      {},
      { 'match[]': ['{job="a b"}', 'x'], a: [''] },
      'http://h:1/metrics?a=&match%5B%5D=%7Bjob%3D%22a+b%22%7D&match%5B%5D=x',
    ],
    [{ __param_b: '2', __param_a: '9' }, { a: ['1', '3'], e: [] }, 'http://h:1/metrics?a=9&a=3&b=2'],
    [{ __param___proto__: 'x' }, {}, 'http://h:1/metrics?__proto__=x'],
  ];
  for (const [labels, params, url] of URLS) {
    it(url, () => assert.equal(targetUrl(makeLabels(Object.entries({ ...PARTS, ...labels })), params), url));
  }
});
