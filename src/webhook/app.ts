import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import Fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../telemetry/log.ts';
import type { Metrics, ShedCause } from '../telemetry/metrics.ts';
import { createBudget, receiveBody } from './body.ts';
import { lingerOnClose } from './connections.ts';
import { edgeError, errorBody } from './errors.ts';
import type { EdgeError, EdgeErrorCode } from './errors.ts';
import { describeFailure } from './failure.ts';
import type { Handler, Trigger } from './handler.ts';
import type { ServerLimits } from './limits.ts';
import type { AdmissionReviewResponse } from './response.ts';
import { checkReview, uidOf } from './review.ts';
import type { AdmissionRequest } from './review.ts';

/** serving · closing: serves, but asks each client to come back on a new connection · refusing: answers 503. */
export type Phase = 'serving' | 'closing' | 'refusing';

export interface AppOptions {
  readonly server: (listener: RequestListener) => Server;
  readonly handler: Handler;
  readonly limits: ServerLimits;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'rejected' | 'shed' | 'bodyBytesInFlight'>;
  readonly phase: () => Phase;
  /** Milliseconds that the event loop is behind. */
  readonly lag: () => number;
  readonly onClientError: (error: Error, socket: Socket) => void;
}

export type App = FastifyInstance;

/** One path an entry of the webhook configuration, so that the path tells the trigger. */
export const PATHS: Readonly<Record<string, Trigger>> = {
  '/mutate': 'unknown',
  '/mutate/namespace': 'namespace',
  '/mutate/namespace/workloads': 'namespace',
  '/mutate/object': 'object',
};

const VALIDATE_PATH = '/validate';

const ALL_PATHS: readonly string[] = [...Object.keys(PATHS), VALIDATE_PATH];

const JSON_TYPE = 'application/json; charset=utf-8';

/** What is sent away to come again: why, and after how many seconds. */
const SHED: {
  readonly [code in EdgeErrorCode]?: { readonly cause: ShedCause; readonly retryAfter: string };
} = {
  overloaded: { cause: 'overloaded', retryAfter: '1' },
  'too-many-bodies': { cause: 'body-budget', retryAfter: '1' },
  draining: { cause: 'draining', retryAfter: '0' },
};

/** The routes and the one error handler, ready for `inject` in tests and for a server around it. */
export function createApp(options: AppOptions): App {
  const { handler, limits, log, metrics } = options;
  const app = Fastify({
    serverFactory: options.server,
    logger: false,
    bodyLimit: limits.bodyBytes,
    // Draining is done in server.ts: fastify's own would cut connections or answer without Retry-After.
    forceCloseConnections: false,
    return503OnClosing: false,
    clientErrorHandler: options.onClientError,
    frameworkErrors: (_error, request, reply) => refuse(request, reply, noSuchPath()),
  });

  readBodies(app, limits, (bytes) => metrics.bodyBytesInFlight(bytes));

  app.addHook('onRequest', (request, reply, next) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refuse(request, reply, refusal);
    if (options.phase() === 'closing') reply.header('Connection', 'close');
    next();
  });

  for (const [path, trigger] of Object.entries(PATHS)) {
    post(path, (request) => handler.admit(request, trigger));
  }
  post(VALIDATE_PATH, (request) => handler.validate(request));

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const edge = edgeErrorOf(error);
    if (edge !== undefined) return refuse(request, reply, edge);
    const uid = uidOf(request.body);
    if (uid === undefined) {
      log.error(describeFailure(error), 'request failed before its uid was known');
      return refuse(request, reply, edgeError('internal'));
    }
    reply
      .code(200)
      .type(JSON_TYPE)
      .send(JSON.stringify(handler.failOpen(uid, 'serve', error)));
  });

  function post(path: string, answer: (request: AdmissionRequest) => AdmissionReviewResponse): void {
    app.post(path, (request, reply) => {
      if (request.body instanceof Unread) return refuse(request, reply, request.body.error);
      const review = checkReview(request.body);
      if (!review.ok) return refuse(request, reply, review.error);
      // As text, so that an answer that cannot be written fails here, and open.
      const text = JSON.stringify(answer(review.request));
      // What is parsed takes many times the memory of its bytes, and the answer may be long on its way.
      request.body = undefined;
      reply.type(JSON_TYPE).send(text);
    });
  }

  /** What can be said before a byte of the body is read. */
  function refusalOf(request: FastifyRequest): EdgeError | undefined {
    if (options.phase() === 'refusing') return edgeError('draining');
    if (request.is404) return isKnownPath(request.url) ? edgeError('method-not-allowed') : noSuchPath();
    return options.lag() > limits.maxLagMs ? edgeError('overloaded') : undefined;
  }

  function refuse(request: FastifyRequest, reply: FastifyReply, error: EdgeError): void {
    metrics.rejected(error.status);
    const level = error.status === 413 ? 'warn' : 'debug';
    log[level]({ code: error.code, status: error.status, client: request.ip }, 'request refused');
    if (error.code === 'method-not-allowed') reply.header('Allow', 'POST');
    const shed = SHED[error.code];
    if (shed !== undefined) {
      metrics.shed(shed.cause);
      // The apiserver repeats a POST on 5xx only when it is told when to.
      reply.header('Retry-After', shed.retryAfter);
    }
    const closes = error.code === 'draining' || hasLongRest(request, limits.bodyBytes);
    if (closes) reply.header('Connection', 'close');
    if (closes || endsItself(request)) lingerOnClose(request.raw, limits.lingerMs);
    reply.code(error.status).type(JSON_TYPE).send(errorBody(error));
  }

  return app;
}

/** Replaces fastify's body parsers: they know no common budget, and refuse keys that labels may have. */
function readBodies(app: App, limits: ServerLimits, onBytes: (bytes: number) => void): void {
  // `remove`: the apiserver, not podscrape, is the judge of an object with a key like __proto__.
  const parse = app.getDefaultJsonParser('remove', 'remove');
  const budget = createBudget(Math.max(limits.inFlightBytes, limits.bodyBytes), onBytes);
  const releases = new WeakMap<object, () => void>();

  app.addHook('onRequest', (request, reply, next) => {
    // Held until the answer is out, because the parsed object lives that long.
    reply.raw.once('close', () => releases.get(request.raw)?.());
    next();
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async (request: FastifyRequest) => {
    const body = await receiveBody(request.raw, limits, budget);
    if (!body.ok) return new Unread(body.error);
    releases.set(request.raw, body.release);
    if (body.text === '') return new Unread(edgeError('empty-body'));
    return new Promise((resolve) => {
      void parse(request, body.text, (error, parsed) => {
        resolve(error === null ? parsed : new Unread(edgeError('malformed-json')));
      });
    });
  });
}

/**
 * Stands for a body that could not be read. As an exception it would make fastify close the connection, which costs
 * a client that is still sending the answer; what has to be closed is decided in `refuse`.
 */
class Unread {
  readonly error: EdgeError;

  constructor(error: EdgeError) {
    this.error = error;
  }
}

function edgeErrorOf(error: FastifyError): EdgeError | undefined {
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return edgeError('unsupported-media-type');
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500 ? edgeError('bad-http') : undefined;
}

/**
 * Whether more of the body is to come than is worth reading to its end. Node reads the rest of smaller ones and
 * throws it away, so that the connection, and with it the answer, survives.
 */
function hasLongRest({ raw, headers }: FastifyRequest, bodyBytes: number): boolean {
  if (raw.complete) return false;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > bodyBytes;
}

/** Whether it is the client who wants the connection to end with the answer, and has not sent all of its body. */
function endsItself({ raw, headers }: FastifyRequest): boolean {
  return !raw.complete && headers.connection?.toLowerCase() === 'close';
}

/** The apiserver adds `?timeout=3s`. */
function isKnownPath(url: string): boolean {
  return ALL_PATHS.includes(url.split('?', 1)[0] ?? '');
}

function noSuchPath(): EdgeError {
  return edgeError('no-such-path', ALL_PATHS.join(', '));
}
