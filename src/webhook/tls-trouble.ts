import type { Log } from '../telemetry/log.ts';

const QUIET_MS = 10_000;

/** Reports a failed handshake by OpenSSL's code for it (`ERR_SSL_…`). */
export type TlsReporter = (code: string) => void;

/**
 * Tells about failed TLS handshakes, at most one line in ten seconds: a client that does not trust the certificate
 * is the usual reason why no admission arrives, and nothing else would say so.
 *
 * @param now milliseconds from any fixed point
 */
export function createTlsReporter(log: Pick<Log, 'warn'>, now: () => number): TlsReporter {
  let last = Number.NEGATIVE_INFINITY;
  let count = 0;
  return (code) => {
    count += 1;
    if (now() - last < QUIET_MS) return;
    last = now();
    log.warn({ code, count, hint: hintFor(code) }, 'TLS handshake failed');
    count = 0;
  };
}

function hintFor(code: string): string | undefined {
  // Go, and so the apiserver, says BAD_CERTIFICATE both for an unknown authority and for a wrong name.
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/.test(code)) {
    return 'the client does not trust the certificate: compare the caBundle of the webhook configuration with the authority in use, and the name it calls with the names in the certificate';
  }
  if (/CERTIFICATE_EXPIRED/.test(code)) return 'the client says that the certificate has expired';
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'the client speaks plain HTTP; this port is HTTPS only';
  return undefined;
}
