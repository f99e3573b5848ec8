import { request } from 'node:http';

import type { ControlPlane } from '../control-plane.ts';
import type { Pod } from './types.ts';

/** The address of a Pod, once it is ready. Errors: it does not become so in time. */
export function podAddress(
  plane: ControlPlane,
  namespace: string,
  name: string,
  family: 4 | 6 = 4,
): Promise<string> {
  return plane.waitFor(
    `Pod ${namespace}/${name} to be ready`,
    async () => {
      const { body } = await plane.request<Pod>('GET', `/api/v1/namespaces/${namespace}/pods/${name}`);
      const { conditions = [], podIPs = [] } = body.status ?? {};
      const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      return ready && podIPs.find(({ ip }) => ip.includes(':') === (family === 6))?.ip;
    },
    { timeoutMs: 60_000 },
  );
}

/** An answer of {@link fetchFrom}. */
export interface Fetched {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A GET over plain HTTP from the host to a Pod. Errors: no connection, or no answer within 10 s. */
export function fetchFrom(podIP: string, port: number, path = '/'): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: podIP, port, path, agent: false, timeout: 10_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${podIP}:${port}${path}: no answer in time`)));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
