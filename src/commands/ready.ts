import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { isRecord } from '../core/record.ts';
import { wholeNumber } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import { UsageError } from './usage-error.ts';

export interface ReadyOptions {
  /** Bases: of probes (http), of the webhook (https), or both. */
  readonly url?: readonly URL[];
  readonly caFile?: string;
  readonly timeoutSeconds: number;
}

export function define(command: Command): void {
  command
    .option(
      '--url <url...>',
      'http://HOST:PORT of the probes, https://HOST:PORT of the webhook, or both',
      bases,
    )
    .option('--ca-file <file>', 'PEM file with the CA certificates that the webhook’s must come from')
    .option('--timeout-seconds <number>', 'how long to wait for it', wholeNumber(0, 3600), 60)
    .addHelpText(
      'after',
      '\nExample: podscrape ready --url http://podscrape.monitoring.svc:8080 https://podscrape.monitoring.svc --ca-file ca.crt',
    );
}

/** Asks a running podscrape, again and again, whether it does its work; `helm test` does this from within the cluster. */
export async function run(options: ReadyOptions, io: CommandIo): Promise<number> {
  const { url: urls = [], caFile, timeoutSeconds } = options;
  if (urls.length === 0) throw new UsageError('where is podscrape? Give --url http://HOST:PORT');
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (const url of urls) {
    for (;;) {
      const left = Math.max(LEAST_MS, deadline - performance.now());
      const trouble = await ask(url, caFile, AbortSignal.timeout(Math.min(ANSWER_MS, left)));
      if (trouble === undefined) break;
      if (performance.now() >= deadline) return fail(io, [`${url.origin}: ${trouble}`]);
      await sleep(PAUSE_MS);
    }
    io.stdout.write(`${url.origin}: ${url.protocol === 'https:' ? 'the webhook answers' : 'ready'}\n`);
  }
  return 0;
}

const PAUSE_MS = 500;
/** For one answer, whatever is left of the time to wait. */
const [LEAST_MS, ANSWER_MS] = [1_000, 10_000];

/** What is wrong, or nothing. */
async function ask(url: URL, caFile: string | undefined, signal: AbortSignal): Promise<string | undefined> {
  try {
    if (url.protocol === 'http:') {
      const { status, text } = await send(new URL('/readyz', url), signal);
      return status === 200 ? undefined : `not ready: ${text.trim()}`;
    }
    const ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
    const { status, text } = await send(new URL('/mutate/object', url), signal, JSON.stringify(REVIEW), ca);
    if (status !== 200) return `the webhook answered ${status}: ${text.slice(0, 200)}`;
    const { response } = JSON.parse(text) as { readonly response?: unknown };
    const isAllowed = isRecord(response) && response['allowed'] === true && response['uid'] === UID;
    return isAllowed ? undefined : 'the webhook did not allow a harmless Pod';
  } catch (error) {
    if (signal.aborted) return 'no answer in time';
    return error instanceof Error ? error.message || error.name : String(error);
  }
}

const UID = '00000000-0000-0000-0000-000000000000';

/** A Pod that nobody will ever make. */
const REVIEW = {
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: UID,
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    name: 'podscrape-ready',
    namespace: 'default',
    operation: 'CREATE',
    userInfo: {},
    dryRun: true,
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'podscrape-ready' },
      spec: { containers: [{ name: 'ready', image: 'ready' }] },
    },
    oldObject: null,
    options: null,
  },
};

function send(
  url: URL,
  signal: AbortSignal,
  body?: string,
  ca?: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        ...(body !== undefined && { headers: { 'content-type': 'application/json' } }),
        ...(ca !== undefined && { ca }),
        agent: false,
        signal,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function bases(text: string, earlier: readonly URL[] = []): URL[] {
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && url.pathname === '/' && url.search === '';
  if (isBase) return [...earlier, url];
  throw new InvalidArgumentError('A base such as http://podscrape.monitoring.svc:8080 is wanted.');
}
