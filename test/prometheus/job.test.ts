import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { durationText } from '../../src/prometheus/duration-text.ts';
import { compileJob } from '../../src/prometheus/job.ts';
import type { Job } from '../../src/prometheus/job.ts';
import type { GlobalConfig, ScrapeConfig } from '../../src/prometheus/scrape-config.ts';

function compiled(config: Partial<ScrapeConfig>, global?: GlobalConfig): Job {
  const result = compileJob({ job_name: 'pods', ...config }, global);
  assert.ok('job' in result, 'the job has problems');
  return result.job;
}

function problemsOf(config: Partial<ScrapeConfig>, global?: GlobalConfig): readonly string[] {
  const result = compileJob({ job_name: 'pods', ...config }, global);
  return 'job' in result ? [] : result.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a job', () => {
  it('has defaults', () => {
    const { rules, config, ...rest } = compiled({});
    assert.deepEqual(rest, {
      name: 'pods',
      interval: '1m',
      timeout: '10s',
      metricsPath: '/metrics',
      scheme: 'http',
      histograms: {
        convert_classic_histograms_to_nhcb: false,
        always_scrape_classic_histograms: false,
        scrape_native_histograms: false,
      },
      params: {},
      honorLabels: false,
      validation: 'utf8',
      discovery: [],
    });
    assert.deepEqual([rules, config], [[], { job_name: 'pods' }]);
  });

  const TIMES: readonly (readonly [Partial<ScrapeConfig>, GlobalConfig, string, string])[] = [
    [{ scrape_interval: '5s' }, {}, '5s', '5s'],
    [{ scrape_interval: '90s' }, {}, '1m30s', '10s'],
    [{ scrape_interval: '90s', scrape_timeout: '60s' }, {}, '1m30s', '1m'],
    [{}, { scrape_interval: '5s' }, '5s', '5s'],
    [{}, { scrape_interval: '2m', scrape_timeout: '90s' }, '2m', '1m30s'],
    [{ scrape_interval: '30s' }, { scrape_interval: '2m', scrape_timeout: '90s' }, '30s', '30s'],
    [{ scrape_interval: '0', scrape_timeout: '0s' }, { scrape_timeout: '20s' }, '1m', '20s'],
  ];
  for (const [config, global, interval, timeout] of TIMES) {
    it(`${JSON.stringify(config)} under ${JSON.stringify(global)}`, () => {
      const job = compiled(config, global);
      assert.deepEqual([job.interval, job.timeout], [interval, timeout]);
    });
  }

  it('takes the rule for names from global where it has none of its own', () => {
    assert.equal(compiled({}, { metric_name_validation_scheme: 'legacy' }).validation, 'legacy');
    const own = { metric_name_validation_scheme: 'utf8' } as const;
    assert.equal(compiled(own, { metric_name_validation_scheme: 'legacy' }).validation, 'utf8');
  });

  it('takes how histograms are scraped from global where it does not say', () => {
    const global = { scrape_native_histograms: true, always_scrape_classic_histograms: true };
    assert.deepEqual(compiled({ scrape_native_histograms: false }, global).histograms, {
      convert_classic_histograms_to_nhcb: false,
      always_scrape_classic_histograms: true,
      scrape_native_histograms: false,
    });
  });

  it('tells all that is wrong', () => {
    assert.deepEqual(
      problemsOf({
        job_name: '',
        scrape_interval: '1.5m',
        scrape_timeout: '',
        relabel_configs: [{ target_label: 'a' }, { action: 'hashmod', target_label: 'b' }],
      }).map((problem) => problem.replace(/(relabel_configs\.1\.modulus): .*/, '$1')),
      [
        'job_name: is empty; every job has a name of its own',
        'scrape_interval: "1.5m" is no Prometheus duration; write it like 30s or 1m30s',
        'scrape_timeout: "" is no Prometheus duration; write it like 30s or 1m30s',
        'relabel_configs.1.modulus',
      ],
    );
    assert.deepEqual(problemsOf({ scrape_timeout: '61s' }), [
      'scrape_timeout: 1m1s is longer than the scrape_interval of 1m; a scrape must end before the next',
    ]);
  });
});

describe('durations as Prometheus writes them', () => {
  const TEXTS: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [1, '1ms'],
    [1500, '1s500ms'],
    [60_000, '1m'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [86_400_000, '1d'],
    [7 * 86_400_000, '1w'],
    [8 * 86_400_000, '8d'],
    [90 * 86_400_000, '90d'],
    [365 * 86_400_000, '1y'],
    [372 * 86_400_000, '372d'],
    [730 * 86_400_000, '2y'],
  ];
  for (const [milliseconds, text] of TEXTS)
    it(`${milliseconds} ms`, () => assert.equal(durationText(milliseconds), text));
});
