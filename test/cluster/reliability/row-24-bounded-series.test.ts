import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { NAMESPACE_VALUES } from '../../../src/telemetry/namespace-label.ts';
import { createHandler } from '../../../src/webhook/handler.ts';
import { engine, recordingLog, request } from '../../webhook/support.ts';

const COUNT = 10_000;
/** What a decision can be counted as here: `web` is injected, refused, or left alone. */
const OUTCOMES = 3;

describe(`row 24: ${COUNT} namespaces and Pods`, () => {
  it('no series names a namespace or a Pod, and there are as many as after a hundred', async () => {
    const few = await seriesAfter(100, false);
    const many = await seriesAfter(COUNT, false);
    assert.deepEqual(named(many), []);
    assert.equal(many.length, few.length);
  });

  it(`with namespaces asked for: ${NAMESPACE_VALUES} of them and "other"`, async () => {
    const many = await seriesAfter(COUNT, true);
    const values = new Set(many.flatMap((line) => /namespace="([^"]*)"/.exec(line)?.[1] ?? []));
    assert.equal(values.size, NAMESPACE_VALUES + 1);
    assert.ok(values.has('other'));
    assert.deepEqual(
      many.filter((line) => line.includes('pod-')),
      [],
    );
    const without = await seriesAfter(100, false);
    const more = many.length - without.length;
    assert.ok(more <= (NAMESPACE_VALUES + 1) * OUTCOMES, `${more} more series`);
  });
});

/** The series after so many Pods, each with a name and a namespace of its own. */
async function seriesAfter(count: number, namespaceLabel: boolean): Promise<readonly string[]> {
  const metrics = createMetrics({ version: '0.0.0-test', namespaceLabel });
  const { log } = recordingLog();
  const handler = createHandler({ config: () => engine, metrics, log, clock: () => performance.now() });
  for (let index = 0; index < count; index++) {
    const annotations = [{ 'podscrape.dev/port': '8080' }, { 'podscrape.dev/port': `${index};` }, {}][
      index % 3
    ];
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `pod-${index}`, labels: { app: `pod-${index}` }, annotations },
      spec: { containers: [{ name: `pod-${index}`, image: `pod-${index}` }] },
    };
    const reviewed = request({ uid: `uid-${index}`, namespace: `namespace-${index}`, object });
    handler.admit(reviewed, 'unknown');
    handler.validate(reviewed);
  }
  const lines = (await metrics.text()).split('\n');
  // Node's own come and go with what the process has open.
  return lines.filter((line) => line.startsWith('podscrape_'));
}

function named(series: readonly string[]): readonly string[] {
  return series.filter((line) => line.includes('namespace-') || line.includes('pod-'));
}
