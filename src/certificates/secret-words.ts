import { X509Certificate } from 'node:crypto';

import { invalidity } from './pem.ts';
import type { Action } from './plan.ts';

/** What the log says after a step. */
export const DONE: Readonly<Record<Action, string>> = {
  none: '',
  create: 'authority and certificate made',
  sign: 'certificate renewed',
  introduce: 'new authority made, to be published beside the old one',
  switch: 'certificate of the new authority in use',
  tidy: 'earlier authority taken out of the bundle',
};

/** A clock that is further off than this makes no certificates: others would find them not valid yet, or over. */
const LARGEST_SKEW_MS = 10 * 60_000;

/** What is wrong with a clock that is so many milliseconds ahead of the API server's; undefined where it will do. */
export function skewText(ahead: number): string | undefined {
  const off = Math.abs(ahead);
  if (off <= LARGEST_SKEW_MS) return undefined;
  const how = ahead > 0 ? 'ahead of' : 'behind';
  return `the clock of this replica is ${Math.round(off / 60_000)} minutes ${how} that of the API server; set it right`;
}

/** Why clients refuse a certificate at a moment; undefined when they do not. */
export function wrongWith(cert: string, now: Date): string | undefined {
  const wrong = invalidity(new X509Certificate(cert), now);
  return wrong === undefined ? undefined : `the certificate ${wrong}; is the clock right?`;
}
