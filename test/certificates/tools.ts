import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';

import { CertificateError } from '../../src/certificates/error.ts';

/** A folder that goes with the test. */
export function temporaryFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-certificates-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a file and returns its path. */
export function file(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Matches a CertificateError whose message has all the parts. */
export function saying(...parts: string[]): (error: unknown) => true {
  return (error) => {
    if (!(error instanceof CertificateError)) throw error as Error;
    const lacking = parts.filter((part) => !error.message.includes(part));
    if (lacking.length > 0) throw new Error(`"${error.message}" does not say ${lacking.join(' | ')}`);
    return true;
  };
}

/**
 * A real handshake over the loopback address `host`, as a client that asks for `servername` and trusts `ca` alone.
 * `ok`, or OpenSSL's and Node's code of what the client had against it.
 */
export async function handshake(
  server: { key: string; cert: string },
  client: { host: string; servername?: string; ca?: string },
): Promise<string> {
  const listener = createServer({ key: server.key, cert: server.cert }, (socket) => socket.end());
  listener.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, client.host, resolve);
  });
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ ...client, port });
  try {
    return await new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve('ok'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.once('close', () => resolve('closed'));
    });
  } finally {
    socket.destroy();
    await new Promise((resolve) => listener.close(resolve));
  }
}
