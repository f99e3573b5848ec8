import { isIP } from 'node:net';

import { CertificateError } from './error.ts';

/** What a certificate of podscrape's own is for when nothing else is asked: this machine. */
export const DEFAULT_DNS_NAMES: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** A name in a certificate. */
export interface AlternativeName {
  readonly kind: 'dns' | 'ip';
  /** DNS names in lower case. */
  readonly value: string;
}

const LABEL = '[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?';
const HOST = new RegExp(`^(\\*\\.)?${LABEL}(\\.${LABEL})*$`);

/**
 * Sorts host names and IP addresses, without repetitions; the default names where there are none.
 * Errors: CertificateError for what is neither.
 */
export function alternativeNames(names: readonly string[]): AlternativeName[] {
  const wanted = names.length === 0 ? DEFAULT_DNS_NAMES : names;
  const found = new Map(wanted.map((name) => [name.toLowerCase(), alternativeName(name)]));
  return [...found.values()];
}

function alternativeName(name: string): AlternativeName {
  // node:net takes a zone (fe80::1%eth0), which has no place in a certificate.
  if (isIP(name) !== 0 && !name.includes('%')) return { kind: 'ip', value: name };
  const value = name.toLowerCase();
  if (value.length <= 253 && HOST.test(value) && value.split('.').every((label) => label.length <= 63)) {
    // A typing error in an address would pass for a host name: no top-level domain is a number.
    if (!/(^|\.)\d+$/.test(value)) return { kind: 'dns', value };
  }
  throw new CertificateError(
    `${JSON.stringify(name)} is neither a host name (podscrape.monitoring.svc) nor an IP address (127.0.0.1, ::1)`,
  );
}
