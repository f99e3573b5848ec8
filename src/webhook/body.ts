import type { IncomingMessage } from 'node:http';
import { edgeError } from './errors.ts';
import type { EdgeError, EdgeErrorCode } from './errors.ts';

export interface BodyLimits {
  /** Bytes of one body. */
  readonly bodyBytes: number;
  /** Values of one body, about: objects and lists, and the commas between all values. */
  readonly bodyValues: number;
  /** Bytes of all bodies that are being received or answered. */
  readonly inFlightBytes: number;
}

/** Bytes that have been promised to bodies, over all requests of a server. */
export interface Budget {
  /** Takes `bytes` and says whether they were there to take. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/** @param onChange gets the bytes that are taken now */
export function createBudget(total: number, onChange: (taken: number) => void): Budget {
  let taken = 0;
  const change = (bytes: number) => {
    taken += bytes;
    onChange(taken);
  };
  return {
    take(bytes) {
      if (taken + bytes > total) return false;
      change(bytes);
      return true;
    },
    give: (bytes) => change(-bytes),
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
      if (announced === undefined && !take(chunk.length)) return fail('too-many-bodies');
      chunks.push(chunk);
    };
    const onEnd = () => {
      const bytes = Buffer.concat(chunks, received);
      if (holdsMoreValues(bytes, limits.bodyValues))
        return fail('too-many-values', String(limits.bodyValues));
      detach();
      chunks.length = 0;
      // One decoding at the end: characters that are split over chunks stay whole.
      resolve({ ok: true, text: bytes.toString('utf8'), release });
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
    if (announced !== undefined && !take(announced)) return fail('too-many-bodies');
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

/** Node's parser has refused every length that is no number, and two of them. */
function announcedLength(request: IncomingMessage): number | undefined {
  const length = request.headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

/** 1 for the bytes that begin an object, a list or the next value. */
const BEGINS = Uint8Array.from({ length: 256 }, (_, byte) =>
  '{[,'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/**
 * Whether parsing would make so many values that they, not the bytes, fill the memory: an empty object takes two bytes
 * here and a hundred there. Signs inside of texts count too, which only a text of nothing else makes noticeable.
 */
function holdsMoreValues(bytes: Buffer, limit: number): boolean {
  if (bytes.length <= limit) return false;
  let count = 0;
  for (const byte of bytes) count += BEGINS[byte] ?? 0;
  return count > limit;
}

function ignore(): void {
  // The failure has been told already; without a listener Node would throw.
}
