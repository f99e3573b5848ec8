import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';

/** What a request needs beside its URL: the CA, a client certificate, an Authorization header, a proxy's agent. */
export interface Credentials extends Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername' | 'auth' | 'agent'
> {
  readonly headers?: OutgoingHttpHeaders;
}

/** Where an API server is, and how to be let in. */
export interface ApiServer {
  /** `https://HOST:PORT`, and a path where the API server is behind one; no slash at the end. */
  readonly url: string;
  /** Whose credentials these are, for messages: a file and context, or the Pod's ServiceAccount. */
  readonly source: string;
  /** The namespace that is meant where none is named; undefined where nothing says so. */
  readonly namespace?: string;
  /** Asked for anew at each connection: tokens, certificates and CAs rotate. Errors: a file or plugin that fails. */
  credentials(): Promise<Credentials>;
}

/** An answer of the API server other than 200, or an ERROR event of a watch. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
