import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/**
 * A TCP proxy on loopback that stands in for kube-proxy: each new connection goes to the next backend, connections
 * that are there stay with theirs when it is removed, and where a backend does not listen the client is reset.
 */
export interface Proxy {
  readonly port: number;
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  /** The ports of 127.0.0.1 that new connections go to, in turn. */
  backends(): readonly number[];
  add(port: number): void;
  /** New connections go elsewhere; without any backend they are reset. */
  remove(port: number): void;
  /** Resets all connections, those to one backend where a port is given: what a dead node or a firewall looks like. */
  cut(port?: number): void;
  /** How many connections are open; those to one backend where a port is given. */
  connections(port?: number): number;
  stop(): Promise<void>;
}

export async function startProxy(...first: readonly number[]): Promise<Proxy> {
  const backends = [...first];
  const pairs = new Set<{ readonly port: number; readonly ends: readonly Socket[] }>();
  let turn = 0;

  const server = createServer({ noDelay: true }, (client) => {
    const port = backends[turn++ % Math.max(backends.length, 1)];
    if (port === undefined) return reset(client);
    const backend = connect({ host: '127.0.0.1', port, noDelay: true });
    const pair = { port, ends: [client, backend] };
    pairs.add(pair);
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      // A reset is passed on as one: a client tells it from an orderly end.
      from.on('error', () => reset(to));
      from.on('close', () => {
        pairs.delete(pair);
        if (!to.destroyed) to.destroySoon();
      });
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const to = (backend: number | undefined) =>
    [...pairs].filter((pair) => backend === undefined || pair.port === backend);
  const cut = (backend?: number): void => {
    for (const { ends } of to(backend)) for (const end of ends) reset(end);
  };
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    backends: () => [...backends],
    add: (backend) => void backends.push(backend),
    remove(backend) {
      const index = backends.indexOf(backend);
      if (index >= 0) backends.splice(index, 1);
    },
    cut,
    connections: (backend) => to(backend).length,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

/** Node cannot reset a socket whose shutdown is under way, and would never close its handle. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
