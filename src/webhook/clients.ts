import type { Server, TLSSocket } from 'node:tls';

import { clip, withoutControlCharacters } from '../core/text.ts';
import type { Log } from '../telemetry/log.ts';

/** Which clients are let in, of those whose certificate comes from a trusted CA. */
export interface ClientCheck {
  /** One of them must be the common name or an alternative name; none: any will do. */
  readonly names: readonly string[];
  readonly log: Pick<Log, 'warn'>;
  /** Milliseconds from any fixed point. */
  readonly now: () => number;
}

const QUIET_MS = 10_000;

/**
 * Refuses clients by the names of their certificates, and says of refused handshakes why; of each kind at most one line
 * in ten seconds. OpenSSL and Node have refused those without a certificate of a trusted CA before.
 */
export function checkClients(server: Server, { names, log, now }: ClientCheck): void {
  const kinds = new Map<string, { last: number; count: number }>();
  const refused = (reason: string, hint: string, client: string | undefined): void => {
    const kind = kinds.get(hint) ?? { last: Number.NEGATIVE_INFINITY, count: 0 };
    kinds.set(hint, kind);
    kind.count += 1;
    if (now() - kind.last < QUIET_MS) return;
    log.warn({ reason, count: kind.count, client, hint }, 'client refused');
    kind.last = now();
    kind.count = 0;
  };
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE') {
      return refused('it shows no certificate', HINTS.none, socket.remoteAddress);
    }
    // The types say Error; it is OpenSSL's word for what is wrong with the certificate.
    const why = socket.authorizationError as Error | string | null | undefined;
    if (why)
      refused(`its certificate is not trusted (${String(why)})`, HINTS.untrusted, socket.remoteAddress);
  });
  if (names.length === 0) return;
  // Before the listener that reads requests.
  server.prependListener('secureConnection', (socket) => {
    const found = namesOf(socket);
    if (found.some((name) => names.includes(name))) return;
    const { remoteAddress } = socket;
    socket.destroy();
    const shown = clip(withoutControlCharacters(found.join(', ')), 200);
    refused(`its certificate is for ${shown === '' ? 'nobody' : shown}`, HINTS.name, remoteAddress);
  });
}

const HINTS = {
  none: 'give the API server a client certificate for this webhook: AdmissionConfiguration, kubeConfigFile',
  untrusted:
    'compare the CA of --client-ca-file with the one that signed the client certificate of the API server',
  name: 'name it with --client-name, or let the API server show another certificate',
};

/** Common names and alternative names, without their kinds. */
function namesOf(socket: TLSSocket): string[] {
  const { subject, subjectaltname = '' } = socket.getPeerCertificate() as Partial<
    ReturnType<TLSSocket['getPeerCertificate']>
  >;
  const common = ([] as string[]).concat(subject?.CN ?? []);
  return [...common, ...alternativeNames(subjectaltname)];
}

/** Node quotes what has a comma or a quote in it, as JSON does; so nobody can put two names into one. */
export function alternativeNames(text: string): string[] {
  const entries = text.matchAll(/(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/gy);
  return Array.from(entries, ([, , name = '']) => name);
}
