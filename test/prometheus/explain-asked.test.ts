import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { effectiveConfig } from '../../src/config/effective.ts';
import { inject } from '../../src/core/inject.ts';
import type { StringMap } from '../../src/core/kubernetes.ts';
import { askedTimes } from '../../src/prometheus/explain-asked.ts';
import { scrapeFindings } from '../../src/prometheus/explain-findings.ts';
import { requestedTargets } from '../../src/prometheus/explain-requested.ts';
import { explainPod } from '../../src/prometheus/explain.ts';
import { compileJob } from '../../src/prometheus/job.ts';

const { engine } = effectiveConfig({
  profiles: {
    often: { summary: 'x', target: { port: 8080 }, interval: '15s' },
    statsd2: { summary: 'x', exporter: { exporter: 'statsd-exporter' }, timeout: '5s' },
  },
});

/** What is found in a job that takes a minute and ten seconds, whatever was asked for. */
function found(annotations: StringMap, labels: StringMap = {}): readonly string[] {
  const asked = {
    metadata: { name: 'web', namespace: 'shop', annotations, labels },
    spec: { containers: [{ name: 'web', ports: [{ containerPort: 8080, name: 'web' }] }] },
  };
  const { decision, pod } = inject(asked, { namespace: 'shop', trigger: 'object' }, engine);
  assert.equal(decision.outcome, 'injected');
  const compiled = compileJob({ job_name: 'theirs', kubernetes_sd_configs: [{ role: 'pod' }] });
  assert.ok('job' in compiled);
  const scrapes = explainPod({ ...pod, status: { phase: 'Running', podIP: '10.0.0.7' } }, [compiled.job]);
  const requested = requestedTargets(decision.targets, scrapes);
  assert.ok(requested.some(({ by }) => by.length > 0));
  return scrapeFindings(scrapes, requested, askedTimes(pod, decision, engine))
    .filter(({ code }) => code === 'interval' || code === 'timeout')
    .map(({ message }) => message.replace(/^http:\/\/10\.0\.0\.7:(\d+).*: (\w+ \w+) was asked.*$/, '$1 $2'));
}

suite('times that a job does not read', () => {
  const rows: readonly (readonly [what: string, StringMap, StringMap, readonly string[]])[] = [
    ['are no finding where they are defaults', { profile: 'http' }, {}, []],
    ['nor where a default was lowered', { profile: 'http', interval: '2s' }, {}, ['8080 interval 2s']],
    [
      'are one by annotation',
      { interval: '15s', timeout: '5s' },
      {},
      ['8080 interval 15s', '8080 timeout 5s'],
    ],
    ['by label', { profile: 'http' }, { timeout: '5s' }, ['8080 timeout 5s']],
    ['in the list', { targets: '[{container: web, port: 8080, interval: 15s}]' }, {}, ['8080 interval 15s']],
    ['by the profile', { profile: 'often' }, {}, ['8080 interval 15s']],
    ['by one that shares the exporter', { profile: 'statsd,statsd2' }, {}, ['9102 timeout 5s']],
    ['by the profile of that target alone', { profile: 'often,statsd' }, {}, ['8080 interval 15s']],
  ];
  const keys = (map: StringMap): StringMap =>
    Object.fromEntries(Object.entries(map).map(([key, value]) => [`podscrape.dev/${key}`, value]));
  for (const [what, annotations, labels, expected] of rows)
    test(what, () => assert.deepEqual(found(keys(annotations), keys(labels)), expected));
});
