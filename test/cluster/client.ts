import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

/** As much of a Kubernetes object, list or Status as tests read without saying more; name a type for more. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
  };
  spec?: Record<string, unknown>;
  status?: unknown;
  items?: KubeObject[];
  /** Of a Status. */
  message?: string;
  reason?: string;
  code?: number;
}

/** An answer of the API server. */
export interface ApiResponse<T> {
  status: number;
  headers: IncomingHttpHeaders;
  /** The texts of the `Warning` headers: what kubectl prints as `Warning: …`. */
  warnings: string[];
  /** Parsed when the answer is JSON, else its text; a test that expects an error status reads a Status. */
  body: T;
}

/** What a request takes beside method, path and body. */
export interface RequestOptions {
  /** Of the body. Default: JSON, and for PATCH a merge patch. */
  contentType?: string;
  /** A bearer token other than the client's own. */
  token?: string;
  /** After so many milliseconds without an answer the request fails. Default 30 000. */
  timeoutMs?: number;
}

/** Speaks to one API server over kept connections. */
export class ApiClient {
  readonly #origin: string;
  readonly #token: string;
  readonly #agent: Agent;

  constructor(origin: string, ca: string, token: string) {
    this.#origin = origin;
    this.#token = token;
    this.#agent = new Agent({ ca, keepAlive: true });
  }

  /**
   * Sends a request; a string or Buffer goes as it is, anything else as JSON. Any status is a result.
   * Errors: no connection, or no answer in time.
   */
  request<T = KubeObject>(
    method: string,
    path: string,
    body?: unknown,
    options: RequestOptions = {},
  ): Promise<ApiResponse<T>> {
    const payload =
      body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const standard = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = {
      accept: 'application/json, */*;q=0.5',
      authorization: `Bearer ${options.token ?? this.#token}`,
      ...(payload !== undefined && {
        'content-type': options.contentType ?? standard,
        'content-length': Buffer.byteLength(payload),
      }),
    };
    return new Promise((resolve, reject) => {
      const request = httpsRequest(new URL(path, this.#origin), {
        method,
        headers,
        agent: this.#agent,
        timeout: options.timeoutMs ?? 30_000,
      });
      request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in time`)));
      request.on('error', reject);
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const json = response.headers['content-type']?.startsWith('application/json') === true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            warnings: parseWarnings(response.headers.warning),
            body: (json ? JSON.parse(text) : text) as T,
          });
        });
      });
      request.end(payload);
    });
  }

  /** Closes the kept connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** The texts of a Warning header (RFC 7234, 5.5): `299 - "one", 299 - "two"`, with `\"` inside for a quote. */
export function parseWarnings(header: string | undefined): string[] {
  const texts = (header ?? '').matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g);
  return Array.from(texts, (match) => (match[1] ?? '').replace(/\\(.)/g, '$1'));
}
