import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ControlPlane } from './control-plane.ts';
import { run, startProcess } from './processes.ts';
import type { ManagedProcess } from './processes.ts';
import { waitFor } from './wait.ts';

/** The sources' command line; PODSCRAPE_SCRIPT names another, such as the bundle. */
export const CLI = process.env['PODSCRAPE_SCRIPT'] ?? join(import.meta.dirname, '../../src/cli.ts');

/** How long it may take to start, beside many others. */
const STARTS = { timeoutMs: 60_000 };

/** What {@link startWebhook} can be told. */
export interface WebhookOptions {
  /** The configuration file's text. */
  readonly config?: string;
  /** A configuration file of the test's own, instead of `config`. */
  readonly configFile?: string;
  /** For the watch of namespaces, which policies need. */
  readonly kubeconfig?: string;
  /** Keep port and certificate of an earlier one: what a restarted Pod behind the same Service looks like. */
  readonly like?: Webhook;
  /** Where the certificate comes from. Default: `--cert-dir`, a folder of its own. */
  readonly certificate?: readonly string[];
  /** The folder for certificate, configuration and log. Default: one that goes with this process. */
  readonly directory?: string;
  /** More arguments of `podscrape serve`. */
  readonly args?: readonly string[];
  /** Arguments of Node itself, before the script. */
  readonly nodeArgs?: readonly string[];
  /** Beside this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The script to run. Default: the sources' command line. */
  readonly script?: string;
}

/** Parsed lines of a log. */
export type LogLines = readonly Readonly<Record<string, unknown>>[];

/** A running `podscrape serve`. */
export interface Webhook {
  readonly process: ManagedProcess;
  readonly port: number;
  readonly healthPort: number;
  /** Holds ca.crt, tls.crt and tls.key. */
  readonly certDir: string;
  /** Where `config` stands, or would: rewritten, it is read again. */
  readonly configFile: string;
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** What it has logged so far, a parsed line each: the newest may be missing, another thread writes them. */
  logLines(): LogLines;
  /** The lines, once they tell of every decision that it has counted. */
  decided(): Promise<LogLines>;
  /** Ends it with a signal and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** What a webhook configuration needs to know: where it is called, and the folder with the authority, `ca.crt`. */
export type Front = Pick<Webhook, 'url' | 'certDir'>;

/** Runs the CLI as a process of its own, with a certificate of its own making, and resolves when it is ready. */
export async function startWebhook(options: WebhookOptions = {}): Promise<Webhook> {
  const directory = options.like?.certDir ?? options.directory ?? temporaryDirectory();
  const logFile = join(directory, `serve-${process.hrtime.bigint()}.log`);
  const configFile = options.configFile ?? join(directory, 'podscrape.yaml');
  if (options.config !== undefined) writeFileSync(configFile, options.config);
  const configured = options.config !== undefined || options.configFile !== undefined;
  const args = [
    'serve',
    ...(configured ? ['--config', configFile] : []),
    ...(options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig]),
    '--host',
    '127.0.0.1',
    '--health-host',
    '127.0.0.1',
    ...(options.certificate ?? ['--cert-dir', directory]),
    ...(options.args ?? []),
  ];
  const ports = [
    '--port',
    String(options.like?.port ?? 0),
    '--health-port',
    String(options.like?.healthPort ?? 0),
  ];
  const served = startProcess({
    name: 'podscrape',
    command: process.execPath,
    args: [...(options.nodeArgs ?? []), options.script ?? CLI, ...args, ...ports],
    logFile,
    ...(options.env !== undefined && { env: { ...process.env, ...options.env } }),
  });
  const logLines = () => readLines(logFile);
  const serving = await served.waitFor(
    'to serve',
    () => logLines().find((line) => line['msg'] === 'serving'),
    STARTS,
  );
  const port = Number(new URL(String(serving['webhook'])).port);
  const healthPort = Number(new URL(String(serving['health'])).port);
  await served.waitFor('to be ready', async () => (await get(healthPort, '/readyz')).status === 200, STARTS);
  return {
    process: served,
    port,
    healthPort,
    certDir: directory,
    configFile,
    url: `https://127.0.0.1:${port}`,
    logLines,
    decided: async () => {
      const { body } = await get(healthPort, '/metrics');
      const counts = body.matchAll(/^podscrape_admission_decisions_total\{.*\} (\d+)$/gm);
      const counted = [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      return served.waitFor(`${counted} decisions in its log`, () => {
        const lines = logLines();
        return lines.filter(({ msg }) => msg === 'decision').length >= counted && lines;
      });
    },
    stop: async (signal = 'SIGKILL') => {
      if (served.exit === undefined) process.kill(served.pid, signal);
      await waitFor('podscrape to end', () => served.exit !== undefined, STARTS);
    },
  };
}

/** Removed when this process ends: a webhook that is started again needs the certificate of the killed one. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'podscrape-webhook-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function readLines(file: string): LogLines {
  const text = readFileSync(file, 'utf8');
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A GET over plain HTTP on loopback. */
export function get(port: number, path: string): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** `podscrape webhook-config` for the webhook, as a person would pipe it into kubectl. */
export async function webhookConfig(
  { url, certDir }: Pick<Front, 'url'> & Partial<Front>,
  more: readonly string[] = [],
): Promise<string> {
  const trusted = certDir === undefined ? [] : ['--ca-file', join(certDir, 'ca.crt')];
  const args = [CLI, 'webhook-config', '--url', url, ...trusted, ...more];
  const { code, stdout, stderr } = await run(process.execPath, args, {});
  if (code !== 0) throw new Error(`webhook-config: exit code ${code}\n${stderr}`);
  return stdout;
}

/** Registers the webhook and waits until the apiserver calls it. */
export async function register(
  plane: ControlPlane,
  webhook: Front,
  more: readonly string[] = [],
): Promise<void> {
  await plane.kubectl(['apply', '-f', '-'], { stdin: await webhookConfig(webhook, more) });
  await untilCalled(plane);
}

/**
 * Waits until the apiserver calls the webhook and trusts it: it reads webhook configurations through a watch, so that
 * the first objects after `kubectl apply` may still pass by.
 */
export async function untilCalled(plane: ControlPlane): Promise<void> {
  const probe = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', annotations: { 'podscrape.dev/profile': 'http' } },
    spec: { containers: [{ name: 'probe', image: 'probe' }] },
  };
  await plane.waitFor('the apiserver to call the webhook', async () => {
    const { body } = await plane.request('POST', '/api/v1/namespaces/default/pods?dryRun=All', probe);
    return body.metadata?.annotations?.['prometheus.io/scrape'] === 'true';
  });
}

/** How often the apiserver has called an entry of the webhook configuration, from its own metrics. */
export async function webhookCalls(plane: ControlPlane, entry: string): Promise<number> {
  const lines = (await plane.metrics()).split('\n');
  return lines
    .filter(
      (line) =>
        line.startsWith('apiserver_admission_webhook_request_total{') && line.includes(`name="${entry}"`),
    )
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
