import type { Log } from '../telemetry/log.ts';
import { CertificateError } from './error.ts';
import { readCaBundle } from './files.ts';
import { followFiles } from './follow.ts';

/** The CAs of client certificates, followed as their file changes. */
export interface ClientCa {
  /** PEM. */
  current(): string;
  onChange(listener: () => void): void;
  stop(): void;
}

export interface ClientCaOptions {
  readonly file: string;
  readonly log: Log;
  /** Between two looks at the file, in milliseconds. */
  readonly intervalMs?: number;
}

/** Reads the file, and follows it; a bad one changes nothing. Errors: CertificateError, for a bad one at the start. */
export async function followClientCa({ file, log, intervalMs }: ClientCaOptions): Promise<ClientCa> {
  const listeners: (() => void)[] = [];
  const read = async (): Promise<string> => {
    const { pem, warnings } = await readCaBundle(file, new Date());
    for (const warning of warnings)
      log.warn({ reason: warning }, 'a CA for client certificates is not valid');
    return pem;
  };
  let current = await read();
  const follower = followFiles({
    files: [file],
    async onChange() {
      try {
        const next = await read();
        if (next === current) return;
        current = next;
        log.info({ file }, 'CA for client certificates replaced');
        for (const listener of listeners) listener();
      } catch (error) {
        if (!(error instanceof CertificateError)) throw error;
        log.error(
          { reason: error.message },
          'the new CA for client certificates is not taken, the old one stays',
        );
      }
    },
    ...(intervalMs !== undefined && { intervalMs }),
  });
  return {
    current: () => current,
    onChange: (listener) => void listeners.push(listener),
    stop: () => follower.stop(),
  };
}
