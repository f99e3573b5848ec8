import { ApiError } from './api-server.ts';
import type { ApiServer } from './api-server.ts';

/** Why a read failed, with the remedy; `own` has the words for the statuses that mean something of this read. */
export function readTrouble(
  error: unknown,
  { url, source }: ApiServer,
  own: (error: ApiError) => string | undefined,
): string {
  if (!(error instanceof ApiError)) {
    const message = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : error;
    return `no answer from ${url} (${String(message)}); is the cluster up, and is ${source} the right one?`;
  }
  if (error.status === 401) return `${url} does not know who asks; renew the credentials of ${source}`;
  return own(error) ?? `${url} answered ${error.status} ${error.message}`;
}
