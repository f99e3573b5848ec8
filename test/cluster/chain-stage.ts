import assert from 'node:assert/strict';

import type { ControlPlane } from './control-plane.ts';
import { run } from './processes.ts';
import type { ActiveTarget, Sample } from './prometheus/answers.ts';
import { clusterAccess } from './prometheus/cluster.ts';
import { startPrometheus } from './prometheus/server.ts';
import type { Prometheus } from './prometheus/server.ts';
import { Hopeless } from './wait.ts';
import { CLI } from './webhook.ts';

/** What a Pod says to be scraped every second; the chains wait for what was scraped, not for the time of day. */
export const FAST = { 'podscrape.dev/interval': '1s', 'podscrape.dev/timeout': '1s' } as const;

/** On a machine that is busy with other tests. */
const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 } as const;

/** What `podscrape scrape-config` prints. Errors: it fails. */
export async function scrapeConfig(args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await run(process.execPath, [CLI, 'scrape-config', ...args], {
    stdin,
    timeoutMs: 120_000,
  });
  if (code !== 0) throw new Error(`scrape-config ${args.join(' ')}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** The options with which a Prometheus outside the cluster reaches it, as `admin` unless another token is given. */
export function reaching(plane: ControlPlane, token?: string): readonly string[] {
  const { api_server: server, authorization } = clusterAccess(plane, token);
  const tokenFile = authorization?.credentials_file ?? '';
  return ['--api-server', server, '--token-file', tokenFile, '--ca-file', plane.caFile];
}

/** Lets a Prometheus with this configuration live as long as `use` takes. */
export async function withPrometheus<T>(
  config: string,
  use: (prometheus: Prometheus) => Promise<T>,
): Promise<T> {
  const prometheus = await startPrometheus({ config });
  try {
    return await use(prometheus);
  } finally {
    await prometheus.stop();
  }
}

/** The targets, once there are so many, all of them up; none is scraped twice. Errors: there are more. */
export async function targetsUp(prometheus: Prometheus, count: number): Promise<readonly ActiveTarget[]> {
  const active = await prometheus.waitFor(
    `${count} targets up`,
    async () => {
      const targets = await prometheus.targets();
      const told = targets.active.map(
        ({ scrapePool, scrapeUrl, health, lastError }) => `${scrapePool} ${scrapeUrl} ${health} ${lastError}`,
      );
      if (told.length > count) throw new Hopeless(`more than ${count} targets:\n${told.join('\n')}`);
      if (told.length === count && targets.active.every(({ health }) => health === 'up'))
        return targets.active;
      throw new Error(`\n${told.join('\n')}`);
    },
    PATIENCE,
  );
  const urls = active.map(({ scrapeUrl }) => scrapeUrl);
  assert.deepEqual(urls, [...new Set(urls)]);
  return active;
}

/** What an expression gives, once it is as `test` wants it; the error tells the last samples. */
export function untilSamples(
  prometheus: Prometheus,
  promql: string,
  test: (samples: readonly Sample[]) => boolean,
): Promise<readonly Sample[]> {
  return prometheus.waitFor(
    promql,
    async () => {
      const samples = await prometheus.query(promql);
      if (test(samples)) return samples;
      throw new Error(JSON.stringify(samples));
    },
    PATIENCE,
  );
}

/** A row for each element of a vector: the values of these labels, and its own; sorted. */
export function rows(samples: readonly Sample[], labels: readonly string[]): readonly string[] {
  return samples
    .map(({ labels: own, value }) => [...labels.map((name) => own[name] ?? '-'), value].join(' '))
    .sort();
}

/** The rows of an expression, once they are these. */
export async function untilRows(
  prometheus: Prometheus,
  promql: string,
  labels: readonly string[],
  expected: readonly string[],
): Promise<void> {
  const wanted = [...expected].sort().join('\n');
  await untilSamples(prometheus, promql, (samples) => rows(samples, labels).join('\n') === wanted);
}

/** A Node program that serves texts: for each port, its paths. Everything else is not found. */
export function pages(ports: Readonly<Record<number, Readonly<Record<string, string>>>>): string {
  return `
const { createServer } = require('node:http');
process.on('SIGTERM', () => process.exit(0));
for (const [port, texts] of Object.entries(${JSON.stringify(ports)}))
  createServer(({ url }, response) => {
    const text = texts[url.split('?')[0]];
    response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(text);
  }).listen(Number(port), '::');
`;
}
