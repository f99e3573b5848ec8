import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';

import { CertificateError } from './error.ts';
import type { AlternativeName } from './names.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

const SWAPPED = 'are the two files swapped?';

/** The certificates of a PEM text, in its order. Errors: CertificateError when there are none or one is broken. */
export function certificates(pem: string, file: string): X509Certificate[] {
  const blocks = [...pem.matchAll(BLOCK)];
  const found = blocks.filter((block) => block[1] === 'CERTIFICATE').map((block) => block[0]);
  if (found.length === 0) {
    const other = blocks[0]?.[1];
    const swapped = other?.endsWith('PRIVATE KEY') === true ? `; ${SWAPPED}` : '';
    const instead = other === undefined ? '' : `; it holds a ${other}${swapped}`;
    throw new CertificateError(`${file}: no PEM certificate (-----BEGIN CERTIFICATE-----) in it${instead}`);
  }
  return found.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (error) {
      throw new CertificateError(`${file}: certificate ${String(index + 1)} is damaged (${because(error)})`);
    }
  });
}

/** Whether a PEM text has a private key in it. */
export function hasPrivateKey(pem: string): boolean {
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(pem);
}

/** The private key of a PEM text. Errors: CertificateError when there is none, or it is encrypted or broken. */
export function privateKey(pem: string, file: string): KeyObject {
  if (!hasPrivateKey(pem)) {
    const instead = pem.includes('-----BEGIN CERTIFICATE-----') ? `; it holds a CERTIFICATE; ${SWAPPED}` : '';
    throw new CertificateError(`${file}: no PEM private key (-----BEGIN PRIVATE KEY-----) in it${instead}`);
  }
  // In the label, or in a header of the older format (Proc-Type: 4,ENCRYPTED). OpenSSL has no clear word for it.
  if (pem.includes('ENCRYPTED')) {
    const remedy = 'take its passphrase away, for example with openssl pkey';
    throw new CertificateError(`${file}: the private key is encrypted; ${remedy}`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CertificateError(`${file}: the private key is damaged (${because(error)})`);
  }
}

/** Why a server cannot use the two. An RSA key of 1024 bits, for one, would otherwise come up when it starts. */
export function tlsRefusal(cert: string, key: string): string | undefined {
  try {
    createSecureContext({ cert, key });
    return undefined;
  } catch (error) {
    return because(error);
  }
}

/** Whether a certificate is for a name, as clients see it. */
export function covers(leaf: X509Certificate, { kind, value }: AlternativeName): boolean {
  if (kind === 'ip') return leaf.checkIP(value) !== undefined;
  return leaf.checkHost(value, { subject: 'never' }) !== undefined;
}

/** Why a certificate is not valid at a moment; undefined when it is. */
export function invalidity(certificate: X509Certificate, now: Date): string | undefined {
  if (now < certificate.validFromDate) {
    const from = certificate.validFromDate.toISOString();
    return `is not valid before ${from} (it is ${now.toISOString()} now)`;
  }
  if (now > certificate.validToDate) return `expired at ${certificate.validToDate.toISOString()}`;
  return undefined;
}

function because(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
