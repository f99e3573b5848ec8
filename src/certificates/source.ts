import { X509Certificate } from 'node:crypto';

import { keptCertificates } from './kept.ts';
import { alternativeNames } from './names.ts';
import { invalidity } from './pem.ts';
import { makeCertificates } from './self-signed.ts';

export { CertificateError } from './error.ts';

/** Where a certificate of our own, without an API server, is kept: in a folder, or in memory. */
export interface CertificateOptions {
  /** A folder where podscrape keeps certificates that it makes itself: ca.crt, tls.crt, tls.key. */
  readonly certDir?: string;
  /** Host names and IP addresses that it is for; none: this machine's. */
  readonly dnsNames: readonly string[];
  /** The present; for tests. */
  readonly clock?: () => Date;
}

/** What an HTTPS server needs, and what its clients do. */
export interface Certificate {
  /** PEM. */
  readonly key: string;
  /** PEM: the server's certificate, then its chain if there is one. */
  readonly cert: string;
  /** PEM: the CA that clients must trust; only for certificates of podscrape's own. */
  readonly ca?: string;
  /** When the server's certificate ends. */
  readonly notAfter: Date;
  /** One line for the log: where it comes from, for which names, until when. Nothing secret. */
  readonly description: string;
}

/** Where the server's certificate comes from for as long as the process lives, whichever way. */
export interface CertificateSource {
  /** What to serve with; undefined until there is something. */
  current(): Certificate | undefined;
  /** Told of each one that comes after `current` was asked. */
  onChange(listener: (certificate: Certificate) => void): void;
  /** Why clients would refuse it at this moment, or why there is none; undefined when all is well. */
  unready(now: Date): string | undefined;
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>;
}

/** A source of a certificate that never changes. */
export function constantSource(certificate: Certificate): CertificateSource {
  return {
    current: () => certificate,
    onChange: () => undefined,
    unready: (now) => {
      const wrong = invalidity(new X509Certificate(certificate.cert), now);
      return wrong === undefined ? undefined : `it ${wrong}`;
    },
    close: async () => undefined,
  };
}

/**
 * The certificate to serve with.
 * Errors: CertificateError, whose message names the file, what is wrong and what to do.
 */
export async function certificateSource(options: CertificateOptions): Promise<Certificate> {
  const now = (options.clock ?? (() => new Date()))();
  const names = alternativeNames(options.dnsNames);
  const { made, ...set } = await own(options.certDir, names, now);
  const { validToDate: notAfter } = new X509Certificate(set.cert);
  const text = `for ${names.map(({ value }) => value).join(', ')}, valid until ${notAfter.toISOString()}`;
  return { ...set, notAfter, description: `${made} ${text}` };
}

async function own(
  folder: string | undefined,
  names: ReturnType<typeof alternativeNames>,
  now: Date,
): Promise<{ ca: string; cert: string; key: string; made: string }> {
  if (folder === undefined) {
    return { ...(await makeCertificates(names, now)), made: 'own certificate, new at every start,' };
  }
  const { made, ...set } = await keptCertificates(folder, names, now);
  const how = made === undefined ? 'used again' : `made now because ${made}; its CA is new`;
  return { ...set, made: `own certificate in ${folder} (${how})` };
}
