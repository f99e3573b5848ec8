import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { ApiError } from './api-server.ts';
import type { ApiServer, Credentials } from './api-server.ts';

/** When a silent connection is probed, in milliseconds; Node then probes each second and gives up after ten. */
const KEEP_ALIVE_MS = 15_000;

/** The longest object: etcd limits it to 1.5 MiB, and JSON has escapes; in characters. */
export const LONGEST_OBJECT = 8 * 1024 * 1024;

/** As much of an answer as is read for the message of an error, in characters. */
const LARGEST_STATUS = 64 * 1024;

/** Requests with the same credentials, over connections of their own. */
export interface Connection {
  /**
   * Resolves with the answer to a GET once its headers are there. `target` is path and query.
   * Errors: ApiError for any status but 200; no connection, or no headers within `answerMs`; `signal`.
   */
  get(target: string, accept: string): Promise<IncomingMessage>;
  /** The same of a request with a JSON body, whose answer is JSON; 201 is good, too. */
  send(method: 'POST' | 'PUT' | 'PATCH', target: string, body: Body): Promise<IncomingMessage>;
  /** Lets kept connections go. A proxy's agent is shared with others and stays. */
  close(): void;
}

/** What is sent. */
export interface Body {
  readonly contentType: string;
  readonly text: string;
}

/** Reads the credentials; connects with the first request. `answerMs` also bounds the reading: plugins may hang. */
export async function connect(server: ApiServer, answerMs: number, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const secure = server.url.startsWith('https:');
  const credentials = await inTime(server.credentials(), answerMs, signal);
  const own = new (secure ? HttpsAgent : HttpAgent)({ keepAlive: true });
  const agent = credentials.agent ?? own;
  const ask = (target: string, more: OutgoingHttpHeaders, method: string, text?: string) => {
    const headers = { ...credentials.headers, ...more, 'user-agent': 'podscrape' };
    const options = { ...credentials, agent, headers, signal, method };
    return answer(new URL(server.url + target), options, answerMs, text);
  };
  return {
    get: (target, accept) => ask(target, { accept }, 'GET'),
    send: (method, target, { contentType, text }) => {
      const headers = { 'content-type': contentType, 'content-length': Buffer.byteLength(text) };
      return ask(target, { accept: 'application/json', ...headers }, method, text);
    },
    close: () => own.destroy(),
  };
}

/** `use`, unless it takes longer than `ms`: then the answer is cut off, and reading it fails. */
export async function within<T>(response: IncomingMessage, ms: number, use: () => Promise<T>): Promise<T> {
  const timer = setTimeout(() => response.destroy(new Error(`no end after ${ms / 1000} s`)), ms);
  try {
    return await use();
  } finally {
    clearTimeout(timer);
  }
}

/** The text of an answer; at most `limit` characters of it, the rest is not read. */
export async function textOf(response: IncomingMessage, limit = Infinity): Promise<string> {
  const chunks: string[] = [];
  let length = 0;
  response.setEncoding('utf8');
  for await (const chunk of response as AsyncIterable<string>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) break;
  }
  return chunks.join('').slice(0, limit);
}

async function inTime<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const { promise: end, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no credentials after ${ms / 1000} s`)), ms);
  const stop = (): void => reject(new Error('stopped'));
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([promise, end]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

async function answer(
  url: URL,
  options: Credentials & { signal: AbortSignal; method: string },
  answerMs: number,
  body: string | undefined,
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, options);
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer after ${answerMs / 1000} s`)),
      answerMs,
    );
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.on('response', (message) => {
      clearTimeout(timer);
      // Whoever reads it hears of an error by reading; one between two reads must not end the process.
      message.on('error', () => undefined);
      resolve(message);
    });
    request.end(body);
  });
  if (response.statusCode === 200 || response.statusCode === 201) return response;
  // A body that is cut off must not hide the status.
  const text = await within(response, answerMs, () => textOf(response, LARGEST_STATUS)).catch(() => '');
  throw new ApiError(response.statusCode ?? 0, statusMessage(text) ?? response.statusMessage ?? '');
}

/** The message of a Status object (apimachinery `meta/v1`), which is how API servers answer errors; proxies do not. */
function statusMessage(text: string): string | undefined {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
