import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Says why it is not fulfilled, or nothing when it is. */
export type ReadinessCheck = () => string | undefined;

export interface HealthOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly metrics: Pick<Metrics, 'text' | 'contentType' | 'ready'>;
  /** By name; all must be fulfilled for `/readyz` to say 200. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  readonly log: Log;
}

export interface HealthServer {
  readonly address: AddressInfo;
  /** Ends the listener and every connection. */
  close(): Promise<void>;
}

interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const TEXT = 'text/plain; charset=utf-8';
const page = (status: number, body: string): Page => ({ status, type: TEXT, body: `${body}\n` });

/**
 * The plain-HTTP server for probes and metrics. Its own port, so that a kubelet's probe needs no certificate and an
 * expired one makes podscrape unready, not dead. Rejects with a `ListenError` when the port cannot be had.
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const pages: Readonly<Record<string, () => Page | Promise<Page>>> = {
    // That this answers is the whole check: the loop turns. Neither certificate nor API belong here, because a
    // restart would repair neither.
    '/healthz': () => page(200, 'ok'),
    '/readyz': () => readiness(options.checks),
    '/metrics': async () => {
      options.metrics.ready(readiness(options.checks).status === 200);
      return { status: 200, type: options.metrics.contentType, body: await options.metrics.text() };
    },
  };
  const server = createServer((request, response) => {
    answer(pages, request, response).catch((error: unknown) => {
      options.log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'health request failed',
      );
      if (!response.headersSent) send(response, page(500, 'this page failed; the log of podscrape says why'));
    });
  });
  const address = await listen(server, { ...options, hostFlag: '--health-host', portFlag: '--health-port' });
  server.on('error', (error) => options.log.error({ error: error.message }, 'health server error'));
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  pages: Readonly<Record<string, () => Page | Promise<Page>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const make = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (make === undefined) {
    send(response, page(404, `no such page; there are ${Object.keys(pages).join(', ')}`));
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    send(response, page(405, 'this page is read with GET'));
  } else {
    send(response, await make());
  }
}

function send(response: ServerResponse, { status, type, body }: Page): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  // Node leaves the body out where the method is HEAD.
  response.end(body);
}

function readiness(checks: Readonly<Record<string, ReadinessCheck>>): Page {
  const failing = Object.entries(checks).flatMap(([name, check]) => {
    const reason = check();
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
  return failing.length === 0
    ? page(200, 'ready')
    : page(503, ['not ready', ...failing.map((line) => `- ${line}`)].join('\n'));
}
