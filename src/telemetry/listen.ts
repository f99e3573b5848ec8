import type { AddressInfo, Server } from 'node:net';

/** Where a server shall listen, and the flags by which a person can change that. */
export interface ListenOptions {
  /** A host name or an address; `::` is every address, IPv4 included. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly hostFlag: string;
  readonly portFlag: string;
}

/** A server could not listen; the message says where, why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** What stands behind the codes of `listen`, and the way out. */
const CAUSES: Readonly<Record<string, (options: ListenOptions) => string>> = {
  EADDRINUSE: ({ portFlag }) => `address already in use; choose another with ${portFlag}`,
  EACCES: ({ portFlag }) =>
    `permission denied; ports below 1024 are privileged, choose a higher one with ${portFlag}`,
  EADDRNOTAVAIL: ({ hostFlag }) =>
    `no interface of this machine has that address; choose another with ${hostFlag}`,
  EAFNOSUPPORT: ({ hostFlag }) =>
    `this machine does not support that kind of address; choose another with ${hostFlag}`,
  ENOTFOUND: ({ hostFlag }) => `no such host; give an address or a name that resolves with ${hostFlag}`,
  EAI_AGAIN: ({ hostFlag }) => `the name does not resolve at the moment; give an address with ${hostFlag}`,
  ERR_SOCKET_BAD_PORT: ({ portFlag }) => `ports are 0 to 65535; choose another with ${portFlag}`,
};

/** Resolves with the real address once `server` listens; rejects with a `ListenError`. */
export async function listen(server: Server, options: ListenOptions): Promise<AddressInfo> {
  try {
    return await attempt(server, options.host, options.port);
  } catch (error) {
    // Node itself tries :: and then 0.0.0.0 when no host is named: nodes without IPv6 exist.
    if (options.host === '::' && (codeOf(error) === 'EAFNOSUPPORT' || codeOf(error) === 'EADDRNOTAVAIL')) {
      return listen(server, { ...options, host: '0.0.0.0' });
    }
    throw listenError(error, options);
  }
}

/** `host:port`, with brackets around IPv6 addresses. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function attempt(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      // A string or null is the address of a pipe or of a closed server, and this one has just begun to listen.
      resolve(server.address() as AddressInfo);
    });
  });
}

function listenError(error: unknown, options: ListenOptions): ListenError {
  const code = codeOf(error);
  const cause = CAUSES[code]?.(options) ?? (error instanceof Error ? error.message : String(error));
  return new ListenError(`cannot listen on ${hostAndPort(options.host, options.port)}: ${cause}`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
