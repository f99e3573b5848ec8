import type { IncomingMessage } from 'node:http';
import { edgeError } from './errors.ts';
import type { EdgeError, EdgeErrorCode } from './errors.ts';

export interface BodyLimits {
  /** Bytes of one body. */
  readonly bodyBytes: number;
  /** Bytes of all bodies that are being received or answered. */
  readonly inFlightBytes: number;
}

/** Bytes that have been promised to bodies, over all requests of a server. */
export interface Budget {
  /** Takes `bytes` and says whether they were there to take. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function createBudget(total: number): Budget {
  let taken = 0;
  return {
    take(bytes) {
      if (taken + bytes > total) return false;
      taken += bytes;
      return true;
    },
    give(bytes) {
      taken -= bytes;
    },
  };
}

/** A body, and what to call once nothing of it is held any more. */
export type ReceivedBody =
  | { readonly ok: true; readonly text: string; readonly release: () => void }
  | { readonly ok: false; readonly error: EdgeError };

/**
 * Reads a body within the limits. An announced length is judged before a byte is read, and its whole share of the
 * budget taken at once; a chunked body takes its share as it grows. A body that is not to be had, also because the
 * client went away, is an edge error, and its share is given back.
 */
export function receiveBody(
  request: IncomingMessage,
  limits: BodyLimits,
  budget: Budget,
): Promise<ReceivedBody> {
  return new Promise((resolve) => {
    const announced = announcedLength(request);
    let taken = 0;
    const release = () => {
      budget.give(taken);
      taken = 0;
    };
    const take = (bytes: number) => {
      const granted = budget.take(bytes);
      if (granted) taken += bytes;
      return granted;
    };

    const chunks: Buffer[] = [];
    let received = 0;
    const onData = (chunk: Buffer) => {
      received += chunk.length;
      if (received > limits.bodyBytes) return fail('body-too-large', String(limits.bodyBytes));
      if (announced === undefined && !take(chunk.length)) return fail('overloaded');
      chunks.push(chunk);
    };
    const onEnd = () => {
      detach();
      // One decoding at the end: characters that are split over chunks stay whole.
      resolve({ ok: true, text: Buffer.concat(chunks, received).toString('utf8'), release });
    };
    // `close` without `end`: the client went away, and nobody reads the answer.
    const onClose = () => fail('body-incomplete');
    const detach = () => {
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    };
    const fail = (code: EdgeErrorCode, detail?: string) => {
      detach();
      request.on('error', ignore);
      chunks.length = 0;
      release();
      resolve({ ok: false, error: edgeError(code, detail) });
    };

    if (announced !== undefined && announced > limits.bodyBytes)
      return fail('body-too-large', String(limits.bodyBytes));
    if (announced !== undefined && !take(announced)) return fail('overloaded');
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** Node's parser has refused every length that is no number, and two of them. */
function announcedLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function ignore(): void {
  // The failure has been told already; without a listener Node would throw.
}
