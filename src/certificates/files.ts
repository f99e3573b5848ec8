import { readFile, stat } from 'node:fs/promises';

import { ioReason } from '../core/io-reason.ts';
import { CertificateError } from './error.ts';
import { certificates, hasPrivateKey, invalidity, privateKey, tlsRefusal } from './pem.ts';

/** Far above every chain or bundle there is; in bytes. */
const LIMIT = 1024 * 1024;

/** A server's certificate and key, as the files had them. */
export interface Pair {
  /** PEM: the server's certificate first, then what others of the chain the file has. */
  readonly cert: string;
  readonly key: string;
  readonly notAfter: Date;
}

/**
 * Reads and checks a certificate (with its chain, the server's own first) and its key, whenever they are valid.
 * Errors: CertificateError, for a file that cannot be read, is no PEM, or does not fit the other.
 */
export async function readKeyPair(certFile: string, keyFile: string): Promise<Pair> {
  const [cert, keyText] = [await readPem(certFile), await readPem(keyFile)];
  const chain = certificates(cert, certFile);
  const key = privateKey(keyText, keyFile);
  const place = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  const [leaf] = chain;
  if (leaf === undefined || place === -1) {
    throw new CertificateError(`${keyFile}: the private key is not that of the certificate in ${certFile}`);
  }
  if (place > 0) {
    throw new CertificateError(
      `${certFile}: the private key in ${keyFile} is that of certificate ${String(place + 1)}; put that one first`,
    );
  }
  const refusal = tlsRefusal(cert, keyText);
  if (refusal !== undefined) {
    throw new CertificateError(`${certFile} and ${keyFile}: TLS refuses them (${refusal})`);
  }
  return { cert, key: keyText, notAfter: leaf.validToDate };
}

/** A bundle of CA certificates to trust. */
export interface CaBundle {
  /** PEM: the certificates and nothing else. */
  readonly pem: string;
  /** What a person should know of it, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Reads the certificates that clients are to trust.
 * Errors: CertificateError for a file that cannot be read, has no certificate, or has a private key, which would be
 * published with them.
 */
export async function readCaBundle(file: string, now: Date): Promise<CaBundle> {
  const text = await readPem(file);
  if (hasPrivateKey(text)) {
    throw new CertificateError(
      `${file}: there is a private key in it, which must not be published; give the CA alone`,
    );
  }
  const bundle = certificates(text, file);
  const warnings = bundle.flatMap((certificate, index) => {
    const wrong = invalidity(certificate, now);
    return wrong === undefined ? [] : [`${file}: certificate ${String(index + 1)} ${wrong}`];
  });
  return { pem: bundle.map((certificate) => `${certificate.toString().trimEnd()}\n`).join(''), warnings };
}

/** The text of a file. Errors: CertificateError, in words, when it cannot be read or is too large. */
export async function readPem(file: string): Promise<string> {
  try {
    if ((await stat(file)).size > LIMIT)
      throw new CertificateError(`${file}: larger than 1 MiB; that is no PEM file`);
    return await readFile(file, 'utf8');
  } catch (error) {
    throw error instanceof CertificateError ? error : new CertificateError(`${file}: ${ioReason(error)}`);
  }
}
