import type { ApiServer } from './api-server.ts';
import { connect, LONGEST_OBJECT, textOf, within } from './connection.ts';
import { readTrouble } from './read-trouble.ts';

/** Why a Pod could not be read: the message names the fault and the remedy. */
export class PodReadError extends Error {
  override readonly name = 'PodReadError';
}

const ANSWER_MS = 15_000;

/** Reads one Pod as it is now, as JSON text. It needs get on pods. Errors: PodReadError. */
export async function readPod(server: ApiServer, namespace: string, name: string): Promise<string> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  try {
    const connection = await connect(server, ANSWER_MS, new AbortController().signal);
    try {
      const response = await connection.get(path, 'application/json');
      return await within(response, ANSWER_MS, () => textOf(response, LONGEST_OBJECT));
    } finally {
      connection.close();
    }
  } catch (error) {
    throw new PodReadError(`pod/${name} in namespace ${namespace}: ${reason(error, server, namespace)}`);
  }
}

function reason(error: unknown, server: ApiServer, namespace: string): string {
  return readTrouble(error, server, ({ status, message }) => {
    if (status === 403)
      return `${server.source} may not read it (${message}); it needs get on pods in namespace ${namespace}`;
    return status === 404
      ? 'there is no such Pod; look with kubectl get pods -A, and give its namespace with -n'
      : undefined;
  });
}
