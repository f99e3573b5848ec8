import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../telemetry/listen.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createApp } from './app.ts';
import type { App, Phase } from './app.ts';
import { checkClients } from './clients.ts';
import { trackConnections } from './connections.ts';
import { edgeError, errorBody } from './errors.ts';
import type { EdgeError } from './errors.ts';
import type { Handler } from './handler.ts';
import { LIMITS } from './limits.ts';
import type { ServerLimits } from './limits.ts';
import { startLoadMeter } from './load.ts';
import { createTlsReporter } from './tls-trouble.ts';

/** PEM. */
export interface KeyPair {
  readonly key: string;
  readonly cert: string;
  /** CAs of client certificates. With one at the start, clients without such a certificate are refused. */
  readonly clientCa?: string;
}

export interface ServerOptions {
  readonly tls: KeyPair;
  /** Names that client certificates must be for, one of them; none: any will do. */
  readonly clientNames?: readonly string[];
  readonly handler: Handler;
  readonly limits?: Partial<ServerLimits>;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'rejected' | 'shed' | 'bodyBytesInFlight' | 'began'>;
}

export interface WebhookServer {
  /** For `inject` in tests. */
  readonly app: App;
  /** Resolves with the real address; rejects with a `ListenError`. */
  listen(at: { readonly host: string; readonly port: number }): Promise<AddressInfo>;
  /** Whether connections are accepted. */
  listening(): boolean;
  /** New handshakes get the new certificate; open connections stay. Throws, and changes nothing, if it is unusable. */
  replaceCertificate(pair: KeyPair): void;
  /** Whether the server wants no new requests; for the readiness probe. */
  draining(): boolean;
  /** Ends the server without losing a request; see `drain` in the source. Called again, it is the same draining. */
  drain(options: { readonly delayMs: number }): Promise<void>;
  /** Ends the server and every connection now. */
  close(): Promise<void>;
}

/** A renewed certificate must not widen what the first one allowed: `setSecureContext` forgets what it is not given. */
const secured = ({ key, cert, clientCa }: KeyPair) =>
  ({ key, cert, minVersion: 'TLSv1.2', ...(clientCa !== undefined && { ca: clientCa }) }) as const;

/**
 * The HTTPS server of the webhook. HTTP/1.1 only: the apiserver's HTTP/2 keeps to one replica, and resets of streams
 * are where its flaws have been.
 */
export function createServer(options: ServerOptions): WebhookServer {
  const { log, metrics } = options;
  const limits: ServerLimits = { ...LIMITS, ...options.limits };
  const meter = startLoadMeter(() => performance.now());
  const reportTls = createTlsReporter(log, () => performance.now());
  let phase: Phase = 'serving';
  let drained: Promise<void> | undefined;
  let closed: Promise<void> | undefined;
  const hurry = new AbortController();

  const server = createHttpsServer({
    ...secured(options.tls),
    ...(options.tls.clientCa !== undefined && { requestCert: true, rejectUnauthorized: true }),
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.handshakeMs,
    keepAliveTimeout: limits.keepAliveMs,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
  });
  const app = createApp({
    ...options,
    limits,
    server: (listener) => server.on('request', listener),
    phase: () => phase,
    lag: () => meter.lag(),
    onClientError,
  });
  if (options.tls.clientCa !== undefined) {
    checkClients(server, { names: options.clientNames ?? [], log, now: () => performance.now() });
  }
  const connections = trackConnections(server, limits, () => {
    metrics.rejected(408);
    log.debug({ code: 'request-timeout', status: 408 }, 'request refused');
  });
  server.on('request', (_request, response) => void response.once('close', metrics.began()));

  /** What is not HTTP, and connections that break. There is no request to answer, so the bytes are written here. */
  function onClientError(error: Error, socket: Socket): void {
    const code = 'code' in error ? String(error.code) : '';
    // Node sends failed handshakes here too; with TLS 1.3 a client's alert even comes after the handshake.
    if (code.startsWith('ERR_SSL_')) reportTls(code);
    const edge = clientError(code);
    if (edge === undefined || !socket.writable) return void socket.destroy();
    metrics.rejected(edge.status);
    const body = errorBody(edge);
    socket.end(
      `HTTP/1.1 ${edge.status} ${edge.code}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      () => socket.destroy(),
    );
  }

  /**
   * The apiserver does not repeat a POST on a connection that ends under it, but does on 503 with Retry-After. So:
   * first serve on, while endpoints forget this replica, and ask each client to leave its connection (`closing`);
   * then answer 503 with Retry-After 0 to who still comes (`refusing`); only then end idle connections and listener.
   */
  async function drain(delayMs: number): Promise<void> {
    phase = 'closing';
    await pause(delayMs);
    phase = 'refusing';
    await pause(limits.settleMs);
    const deadline = performance.now() + limits.drainMs;
    while (connections.busy() > 0 && performance.now() < deadline && closed === undefined) await pause(10);
    await close();
  }

  /** Ends early when the server is closed meanwhile. */
  async function pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: hurry.signal }).catch(() => undefined);
  }

  function close(): Promise<void> {
    return (closed ??= end());
  }

  async function end(): Promise<void> {
    phase = 'refusing';
    hurry.abort();
    meter.stop();
    await app.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      connections.closeAll();
    });
  }

  return {
    app,
    async listen(at) {
      await app.ready();
      const address = await listen(server, { ...at, hostFlag: '--host', portFlag: '--port' });
      // Too many open files, for one, would otherwise end the process.
      server.on('error', (error) => log.error({ error: error.message }, 'webhook server error'));
      return address;
    },
    listening: () => server.listening,
    replaceCertificate(pair) {
      server.setSecureContext(secured(pair));
    },
    draining: () => phase !== 'serving',
    drain: ({ delayMs }) => (drained ??= drain(delayMs)),
    close,
  };
}

/** Nothing for what ended by itself, and for the long timeouts of Node, which end connections that never spoke. */
function clientError(code: string): EdgeError | undefined {
  // It ended in mid-request: whoever waits for the body hears of it, and an answer might never be flushed.
  if (code === 'HPE_INVALID_EOF_STATE') return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return edgeError('headers-too-large');
  return code.startsWith('HPE_') ? edgeError('bad-http') : undefined;
}
