import { X509Certificate } from 'node:crypto';

import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { CertificateError } from './error.ts';
import { readKeyPair } from './files.ts';
import type { Pair } from './files.ts';
import { followFiles } from './follow.ts';
import { invalidity } from './pem.ts';
import type { Certificate, CertificateSource } from './source.ts';

/** The files, and who is told of what becomes of them. */
export interface FilesSourceOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'certificateRenewed'>;
  readonly clock?: () => Date;
  /** Between two looks at the files, in milliseconds. */
  readonly intervalMs?: number;
}

const DAY_MS = 24 * 3600_000;

/**
 * A certificate and its key in files that someone else renews: a mounted Secret, cert-manager's for one. A new pair is
 * taken once it is whole; until then, and while it is worse than the one in use, that stays.
 * Errors: CertificateError, when there is no usable pair at the start. One that has expired is waited for.
 */
export async function startFilesSource(options: FilesSourceOptions): Promise<CertificateSource> {
  const { certFile, keyFile, log, metrics, clock = () => new Date() } = options;
  const listeners: ((certificate: Certificate) => void)[] = [];
  let certificate = certificateOf(await readKeyPair(certFile, keyFile), certFile);
  let again: NodeJS.Timeout | undefined;

  const take = async (): Promise<void> => {
    try {
      const next = certificateOf(await readKeyPair(certFile, keyFile), certFile);
      if (next.cert === certificate.cert && next.key === certificate.key) return;
      const now = clock();
      const wrong = invalid(next.cert, now);
      if (wrong !== undefined && invalid(certificate.cert, now) === undefined) {
        // One whose maker's clock is ahead: the files do not change when its time comes.
        const early = new X509Certificate(next.cert).validFromDate.getTime() - now.getTime();
        clearTimeout(again);
        if (early > 0) again = setTimeout(() => void take(), Math.min(early + 1, DAY_MS)).unref();
        throw new CertificateError(`${certFile}: the new certificate ${wrong}`);
      }
      certificate = next;
      metrics.certificateRenewed('success');
      for (const listener of listeners) listener(next);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      metrics.certificateRenewed('failure');
      log.error({ reason: error.message }, 'the new certificate is not taken, the one in use stays');
    }
  };
  const follower = followFiles({
    files: [certFile, keyFile],
    onChange: take,
    ...(options.intervalMs !== undefined && { intervalMs: options.intervalMs }),
  });
  return {
    current: () => certificate,
    onChange: (listener) => void listeners.push(listener),
    unready: (now) => {
      const wrong = invalid(certificate.cert, now);
      return wrong === undefined
        ? undefined
        : `the certificate in ${certFile} ${wrong}; renew it, or set the clock right`;
    },
    async close() {
      follower.stop();
      clearTimeout(again);
    },
  };
}

function certificateOf({ cert, key, notAfter }: Pair, certFile: string): Certificate {
  return {
    cert,
    key,
    notAfter,
    description: `certificate ${certFile}, valid until ${notAfter.toISOString()}`,
  };
}

function invalid(cert: string, now: Date): string | undefined {
  return invalidity(new X509Certificate(cert), now);
}
