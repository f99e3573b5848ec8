import { once } from 'node:events';
import https from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import tls from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { TestContext } from 'node:test';
import { certificateSource } from '../../src/certificates/source.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import { createLog } from '../../src/telemetry/log.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { Metrics } from '../../src/telemetry/metrics.ts';
import { createHandler } from '../../src/webhook/handler.ts';
import type { Handler } from '../../src/webhook/handler.ts';
import type { ServerLimits } from '../../src/webhook/limits.ts';
import type { AdmissionReviewResponse } from '../../src/webhook/response.ts';
import type { AdmissionRequest } from '../../src/webhook/review.ts';
import { createServer } from '../../src/webhook/server.ts';
import type { WebhookServer } from '../../src/webhook/server.ts';

export { until } from '../tools/until.ts';

export const engine = effectiveConfig({}).engine;
export const certificate = await certificateSource({ dnsNames: ['localhost'] });

export const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { generateName: 'web-', annotations: { 'podscrape.dev/port': '8080' } },
  spec: { containers: [{ name: 'web', image: 'web:1' }] },
};

/** A creation of `pod`, as the apiserver sends it. */
export function request(changes: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: 'f0a1',
    operation: 'CREATE',
    namespace: 'shop',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    object: pod,
    ...changes,
  };
}

export function review(changes: Partial<AdmissionRequest> = {}): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: request(changes) };
}

export type LogLine = Readonly<Record<string, unknown>>;

/** A real log at its most talkative, and what it wrote. */
export function recordingLog(): {
  readonly log: Log;
  readonly lines: LogLine[];
  readonly text: () => string;
} {
  const lines: LogLine[] = [];
  let text = '';
  const write = (line: string) => {
    text += line;
    lines.push(JSON.parse(line) as LogLine);
  };
  return { log: createLog({ level: 'trace', destination: { write } }), lines, text: () => text };
}

export interface Harness {
  readonly server: WebhookServer;
  readonly metrics: Metrics;
  readonly lines: readonly LogLine[];
  readonly logText: () => string;
}

export interface HarnessOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly handler?: Partial<Handler>;
}

/** A server around the real handler and engine; it ends with the test. */
export function harness(t: TestContext, options: HarnessOptions = {}): Harness {
  const { log, lines, text } = recordingLog();
  const metrics = createMetrics({ version: '0.0.0-test' });
  const handler = createHandler({ config: () => engine, metrics, log, clock: () => performance.now() });
  const server = createServer({
    tls: certificate,
    handler: { ...handler, ...options.handler },
    // Draining in tests need not wait for requests of a real network.
    limits: { settleMs: 0, ...options.limits },
    log,
    metrics,
  });
  t.after(() => server.close());
  return { server, metrics, lines, logText: text };
}

/** The same, listening on a free port of loopback. */
export async function listening(
  t: TestContext,
  options: HarnessOptions = {},
): Promise<Harness & { readonly port: number }> {
  const made = harness(t, options);
  const { port } = await made.server.listen({ host: '127.0.0.1', port: 0 });
  return { ...made, port };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Post {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A list is sent chunked, without a length. */
  readonly body?: string | Buffer | readonly Buffer[];
  readonly agent?: https.Agent;
  /** PEM; the certificate of the harness when left out. */
  readonly ca?: string;
}

/** One request with Node's own client; rejects when the connection breaks before the answer is read. */
export function send(port: number, post: Post = {}): Promise<Reply> {
  const body = post.body ?? JSON.stringify(review());
  const length = typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.byteLength(body) : undefined;
  return new Promise((resolve, reject) => {
    const outgoing = https.request({
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      ca: post.ca ?? certificate.ca,
      method: post.method ?? 'POST',
      path: post.path ?? '/mutate',
      agent: post.agent ?? false,
      headers: {
        'Content-Type': 'application/json',
        ...(length === undefined ? {} : { 'Content-Length': String(length) }),
        ...post.headers,
      },
    });
    let answered = false;
    outgoing.on('response', (incoming) => {
      answered = true;
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    // After the answer has begun the server may close while the body is still being written.
    outgoing.on('error', (error) => answered || reject(error));
    if (typeof body === 'string' || Buffer.isBuffer(body)) outgoing.end(body);
    else {
      for (const chunk of body) outgoing.write(chunk);
      outgoing.end();
    }
  });
}

export function verdict(reply: { readonly text: string }): AdmissionReviewResponse['response'] {
  return (JSON.parse(reply.text) as AdmissionReviewResponse).response;
}

export function problem(reply: { readonly text: string }): {
  readonly error: string;
  readonly message: string;
} {
  return JSON.parse(reply.text) as { error: string; message: string };
}

export interface Wire {
  readonly socket: TLSSocket;
  /** Everything received so far. */
  readonly text: () => string;
  /** Fulfilled when the connection is over, whoever ended it and however. */
  readonly closed: Promise<void>;
}

/** A bare TLS connection, to say what no HTTP client would. */
export async function wire(
  t: TestContext,
  port: number,
  options: tls.ConnectionOptions & { readonly allowHalfOpen?: boolean } = {},
): Promise<Wire> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port,
    ca: certificate.ca,
    servername: 'localhost',
    ...options,
  });
  t.after(() => socket.destroy());
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, text: () => text, closed };
}

/** The head of a POST that announces `length` bytes, or a chunked body. */
export function head(length?: number): string {
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return `POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
}

/** The value of one series, 0 when it is not there. */
export async function metric(metrics: Metrics, series: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
