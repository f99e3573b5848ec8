import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionLimits {
  /** Milliseconds from the first byte of a request until its body is there. */
  readonly receiveMs: number;
  /** Connections that never sent a byte; beyond that the oldest one goes. */
  readonly maxSilent: number;
}

export interface Connections {
  /** How many connections have a request under way. */
  busy(): number;
  /** Ends every connection, also those that are no further than their TLS handshake. */
  closeAll(): void;
}

interface State {
  /** Runs from the first byte of a request until its body is complete. */
  receiving: NodeJS.Timeout | undefined;
  responding: boolean;
}

/**
 * Watches the connections of an HTTPS server: Node cannot tell a pre-dialled connection, which the apiserver keeps
 * for later and which must live, from one that sends its request a byte a minute. Both count as "headers not there
 * yet", so Node's own timeouts have to be long and this timer, which starts with the first byte, is the short one.
 */
export function trackConnections(
  server: Server,
  limits: ConnectionLimits,
  onTimeout: () => void,
): Connections {
  /** All TCP connections: those in the middle of their TLS handshake would otherwise outlive the server. */
  const open = new Set<Socket>();
  const states = new Map<Socket, State>();
  /** In the order of arrival. */
  const silent = new Set<Socket>();

  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });

  server.on('secureConnection', (socket: Socket) => {
    const state: State = { receiving: undefined, responding: false };
    states.set(socket, state);
    silent.add(socket);
    if (silent.size > limits.maxSilent) evictOldest(silent);
    socket.prependListener('data', () => {
      silent.delete(socket);
      state.receiving ??= setTimeout(() => {
        onTimeout();
        socket.destroy();
      }, limits.receiveMs);
    });
    socket.once('close', () => {
      clearTimeout(state.receiving);
      silent.delete(socket);
      states.delete(socket);
    });
  });

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const state = states.get(request.socket);
    if (state === undefined) return;
    state.responding = true;
    request.once('end', () => {
      clearTimeout(state.receiving);
      state.receiving = undefined;
    });
    response.once('close', () => {
      state.responding = false;
    });
  });

  const isBusy = (state: State) => state.responding || state.receiving !== undefined;
  return {
    busy: () => [...states.values()].filter(isBusy).length,
    closeAll() {
      for (const socket of open) socket.destroy();
    },
  };
}

function evictOldest(sockets: Set<Socket>): void {
  for (const socket of sockets) {
    sockets.delete(socket);
    socket.destroy();
    return;
  }
}

/**
 * Closes a connection whose client is still sending, so that the client reads the answer. Node would close at once;
 * the bytes still underway then meet a closed socket, the kernel answers with a reset, and a reset throws away
 * what the client has not read yet (RFC 9112, section 9.6). So: close our direction only, and read on for `lingerMs`.
 */
export function lingerOnClose(request: IncomingMessage, lingerMs: number): void {
  const { socket } = request;
  // What inject() of the tests hands in is no socket, and has nothing to linger for.
  if (typeof socket.destroySoon !== 'function') return;
  socket.destroySoon = () => {
    if (socket.destroyed) return;
    const end = () => socket.destroy();
    const timer = setTimeout(end, lingerMs);
    socket.once('close', () => clearTimeout(timer));
    request.once('end', end);
    request.resume();
    socket.end();
  };
}
