import type { Log } from '../telemetry/log.ts';

const QUIET_MS = 10_000;

/**
 * Tells about failed TLS handshakes, at most one line in ten seconds: a client that does not trust the certificate
 * is the usual reason why no admission arrives, and nothing else would say so.
 */
export function createTlsReporter(
  log: Pick<Log, 'warn' | 'debug'>,
  now: () => number,
): (error: Error) => void {
  let last = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return (error) => {
    const code = 'code' in error ? String(error.code) : error.name;
    // Port scanners and TCP probes just hang up.
    if (!code.startsWith('ERR_SSL_')) return log.debug({ code }, 'connection ended in the TLS handshake');
    unsaid += 1;
    if (now() - last < QUIET_MS) return;
    last = now();
    log.warn({ code, count: unsaid, hint: hintFor(code) }, 'TLS handshake failed');
    unsaid = 0;
  };
}

function hintFor(code: string): string | undefined {
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/.test(code)) {
    return 'the client does not trust the certificate; compare the caBundle of the webhook configuration with the authority in use';
  }
  if (/CERTIFICATE_EXPIRED/.test(code)) return 'the client says that the certificate has expired';
  if (code === 'ERR_SSL_HTTP_REQUEST') return 'the client speaks plain HTTP; this port is HTTPS only';
  return undefined;
}
