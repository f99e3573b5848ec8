import type { Log } from '../telemetry/log.ts';
import { describeFailure } from '../webhook/failure.ts';
import type { WebhookServer } from '../webhook/server.ts';

/** Where signals and uncaught errors come from: the process when left out. */
export interface Interrupted {
  readonly events?: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
}

/**
 * The first SIGTERM or SIGINT drains (exit code 0), the second ends at once (128 + its number, as shells count).
 *
 * An uncaught error does not end the process while the listener stands. A request shares nothing with others but the
 * configuration, which never changes, and the counters, and what fails inside one is caught by the handler; so what
 * arrives here is a broken socket or timer. Ending would turn one bad connection into an outage, and under
 * `failurePolicy: Fail` the outage of all replicas, one after the other, is that no Pod of the cluster starts.
 * Without the listener there is nothing to protect, and a restart is the cure.
 */
export function untilStopped(
  server: WebhookServer,
  drainMs: () => number,
  log: Log,
  io: Interrupted,
): Promise<number> {
  const events = io.events ?? process;
  return new Promise((resolve) => {
    let draining = false;
    let finished = false;
    const finish = (code: number) => {
      // The draining that a second signal cuts short ends as well.
      if (finished) return;
      finished = true;
      log.info({ exitCode: code }, 'stopped');
      for (const [name, listener] of Object.entries(listeners)) events.off(name, listener);
      resolve(code);
    };
    const stop = (signal: string, number: number) => {
      if (draining) {
        log.warn({ signal }, 'second signal, ending at once');
        return finish(128 + number);
      }
      draining = true;
      const delayMs = drainMs();
      log.info({ signal, delaySeconds: delayMs / 1000 }, 'draining');
      server.drain({ delayMs }).then(
        () => finish(0),
        (error: unknown) => {
          log.error(describeFailure(error), 'draining failed');
          finish(1);
        },
      );
    };
    const onError = (error: unknown) => {
      log.fatal(describeFailure(error), 'uncaught error');
      if (!server.listening()) finish(1);
    };
    const listeners = {
      SIGTERM: () => stop('SIGTERM', 15),
      SIGINT: () => stop('SIGINT', 2),
      uncaughtException: onError,
      unhandledRejection: onError,
    };
    for (const [name, listener] of Object.entries(listeners)) events.on(name, listener);
  });
}
