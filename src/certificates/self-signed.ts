import { randomBytes, X509Certificate } from 'node:crypto';

import { generate } from 'selfsigned';

import type { AlternativeName } from './names.ts';

/** A server's certificate with its key, and the CA that signed it. PEM, each with a newline at its end. */
export interface CertificateSet {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const HOUR = 60 * 60 * 1000;

/**
 * How long both certificates live, in milliseconds: a year. The CA's key is thrown away as soon as it has signed the
 * leaf, so a CA that outlived its leaf would be of no use, and a shorter life of the leaf would protect from nothing.
 */
export const LIFE = 365 * 24 * HOUR;

/** Certificates begin so much earlier, in milliseconds, for clients whose clock is behind. */
export const SKEW = HOUR;

/** The common name of every CA that podscrape makes: two CAs of one name in a bundle confuse clients. */
export const OWN_CA_NAME = /^CN=podscrape CA [0-9a-f]{16}$/;

/** ECDSA for both: Node's and Go's clients take it, and a key is made in a millisecond. */
const ALGORITHM = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** A CA with its key. PEM. */
export interface KeyedAuthority {
  readonly cert: string;
  readonly key: string;
}

/** A moment, and how long what is made then is to live from it, in milliseconds. */
export interface Term {
  readonly now: Date;
  readonly life: number;
}

/** Makes a new CA and a certificate for the names, signed by it. The CA's key is not kept. */
export async function makeCertificates(
  names: readonly AlternativeName[],
  now: Date,
): Promise<CertificateSet> {
  const authority = await makeAuthority({ now, life: LIFE });
  return { ca: authority.cert, ...(await makeLeaf(names, authority, { now, life: LIFE })) };
}

/** Makes a CA, of a name that no other has. */
export async function makeAuthority(term: Term): Promise<KeyedAuthority> {
  const made = await generate(commonName(`podscrape CA ${randomBytes(8).toString('hex')}`), {
    ...ALGORITHM,
    ...validity(term),
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  return { cert: line(made.cert), key: line(made.private) };
}

/**
 * Makes a certificate for the names, signed by the CA, which it does not outlive. It has no Authority Key Identifier,
 * which selfsigned cannot write; with a name for each CA nobody needs it to find the issuer.
 */
export async function makeLeaf(
  names: readonly AlternativeName[],
  authority: KeyedAuthority,
  { now, life }: Term,
): Promise<{ readonly cert: string; readonly key: string }> {
  const most = new X509Certificate(authority.cert).validToDate.getTime() - now.getTime();
  // Clients read the alternative names only; a host name may be too long for a common name.
  const leaf = await generate(commonName('podscrape'), {
    ...ALGORITHM,
    ...validity({ now, life: Math.min(life, most) }),
    ca: authority,
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: names.map(entry) },
    ],
  });
  return { cert: line(leaf.cert), key: line(leaf.private) };
}

function validity({ now, life }: Term): { notBeforeDate: Date; notAfterDate: Date } {
  return { notBeforeDate: new Date(now.getTime() - SKEW), notAfterDate: new Date(now.getTime() + life) };
}

function commonName(value: string): { name: string; value: string }[] {
  return [{ name: 'commonName', value }];
}

/** The kinds' numbers are those of RFC 5280's GeneralName. */
function entry({ kind, value }: AlternativeName): { type: 2; value: string } | { type: 7; ip: string } {
  return kind === 'dns' ? { type: 2, value } : { type: 7, ip: value };
}

/** selfsigned ends a certificate without a newline: two of them joined would not be PEM. */
function line(pem: string): string {
  return `${pem.trimEnd()}\n`;
}
