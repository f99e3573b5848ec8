import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

import type { ControlPlane } from '../control-plane.ts';
import { clusterAccess } from '../prometheus/cluster.ts';
import type { Prometheus } from '../prometheus/server.ts';
import { ruleGroups } from './rules.ts';

/** The recorded time of the last evaluation of all rules. */
const EVALUATED = 'test_evaluated';

/**
 * A copy of the chart's rules in which nothing waits: what has to last for minutes fires after a second. The last rule
 * tells that the others were evaluated.
 */
export function hastyRules(plane: ControlPlane): string {
  const rules = ruleGroups().flatMap((group) => group.rules);
  const hasty = rules.map((rule) => ({ ...rule, ...(rule.for === undefined ? {} : { for: '1s' }) }));
  const group = { name: 'hasty', rules: [...hasty, { record: EVALUATED, expr: 'vector(time())' }] };
  const file = join(plane.dataDir, 'rules.yaml');
  writeFileSync(file, stringify({ groups: [group] }));
  return file;
}

/** A replica to be scraped. */
export interface Scraped {
  readonly pod: string;
  readonly healthPort: number;
}

/** Scrapes replicas, with the labels that a PodMonitor's targets have, and the API server. */
export function prometheusConfig(plane: ControlPlane, rules: string, replicas: readonly Scraped[]): string {
  const { authorization, tls_config } = clusterAccess(plane);
  return stringify({
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'podscrape',
        static_configs: replicas.map(({ pod, healthPort }) => ({
          targets: [`127.0.0.1:${healthPort}`],
          labels: { namespace: 'podscrape', pod },
        })),
      },
      {
        job_name: 'apiserver',
        scheme: 'https',
        authorization,
        tls_config,
        static_configs: [{ targets: [new URL(plane.url).host] }],
        metric_relabel_configs: [
          { source_labels: ['__name__'], regex: 'apiserver_admission_webhook_.+', action: 'keep' },
        ],
      },
    ],
  });
}

/** The names of the alerts that fire. */
export async function firing(prometheus: Prometheus): Promise<readonly string[]> {
  const samples = await prometheus.query('ALERTS{alertstate="firing"}');
  return [...new Set(samples.map(({ labels }) => labels['alertname'] ?? ''))].sort();
}

/** Resolves once the rules have been evaluated on all that there is now. */
export async function evaluated(prometheus: Prometheus): Promise<void> {
  // One scrape, and then one evaluation of it.
  const since = Date.now() / 1000 + 2;
  await prometheus.waitFor('the rules to be evaluated', async () => {
    const [last] = await prometheus.query(EVALUATED);
    return last !== undefined && last.value > since;
  });
}

/** Resolves once each of the alerts has fired, together or one after the other. */
export async function untilFired(prometheus: Prometheus, alerts: readonly string[]): Promise<void> {
  const fired = new Set<string>();
  await prometheus.waitFor(
    'the alerts to fire',
    async () => {
      for (const name of await firing(prometheus)) fired.add(name);
      const lacking = alerts.filter((name) => !fired.has(name));
      if (lacking.length > 0) throw new Error(`these do not: ${lacking.join(', ')}`);
      return true;
    },
    { timeoutMs: 90_000, intervalMs: 300 },
  );
}
