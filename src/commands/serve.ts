import { CertificateError, certificateSource } from '../certificates/source.ts';
import type { Certificate } from '../certificates/source.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/load.ts';
import { KubeConfigError } from '../kube/config.ts';
import { startHealthServer } from '../telemetry/health.ts';
import type { HealthServer } from '../telemetry/health.ts';
import { ListenError, hostAndPort } from '../telemetry/listen.ts';
import { createLog } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { describeFailure } from '../webhook/failure.ts';
import { createHandler } from '../webhook/handler.ts';
import { createServer } from '../webhook/server.ts';
import type { WebhookServer } from '../webhook/server.ts';
import { keepConfig } from './config-in-force.ts';
import type { KeptConfig } from './config-in-force.ts';
import { fail } from './fail.ts';
import { assertNoPolicies, PoliciesUnwatched, watchNamespaces } from './namespaces.ts';
import type { WatchedNamespaces } from './namespaces.ts';

export interface ServeOptions {
  /** The configuration file; every default without one. */
  readonly config?: string;
  readonly host: string;
  /** 0 takes any free port; the log says which. */
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly certDir?: string;
  /** Names that a certificate of podscrape's own is for. */
  readonly dnsName: readonly string[];
  readonly healthHost: string;
  readonly healthPort: number;
  /** To watch namespaces with; without one, the Pod's ServiceAccount, and outside a cluster nobody watches. */
  readonly kubeconfig?: string;
  /** A context of that file. */
  readonly context?: string;
  /** podscrape's own namespace, which it never touches; `POD_NAMESPACE` of the environment when left out. */
  readonly namespace?: string;
}

/** What can be wrong with the surroundings; everything else is a bug. */
const EXPECTED = [CertificateError, ListenError, KubeConfigError, PoliciesUnwatched];

/**
 * `::` is every address of both families, and where a node has no IPv6 `listen` takes 0.0.0.0 instead: a Pod is reached
 * over the family of its cluster, which the image cannot know. The same for the probes, which come from the node.
 */
export const SERVE_DEFAULTS = { host: '::', port: 8443, healthHost: '::', healthPort: 8080 } as const;

/** What the command touches of its process; everything but the streams is the real process when left out. */
export interface ServeIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where signals and uncaught errors come from. */
  readonly events?: Pick<NodeJS.EventEmitter, 'on' | 'off'>;
}

/** Runs the webhook until it is told to stop. Resolves with the exit code, once nothing is open any more. */
export async function serve(options: ServeOptions, io: ServeIo): Promise<number> {
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  try {
    const { dnsName: dnsNames, ...rest } = options;
    return await run(options, loaded.config, await certificateSource({ ...rest, dnsNames }), io);
  } catch (error) {
    if (EXPECTED.some((type) => error instanceof type) && error instanceof Error)
      return fail(io, [error.message]);
    throw error;
  }
}

async function run(
  options: ServeOptions,
  config: Config,
  certificate: Certificate,
  io: ServeIo,
): Promise<number> {
  const log = createLog({
    level: config.logging.level,
    ...(io.stdout === process.stdout ? {} : { destination: io.stdout }),
  });
  const env = io.env ?? process.env;
  const metrics = createMetrics({ version: config.engine.version });
  const state: { kept?: KeptConfig } = {};
  const engine = () => state.kept?.engine() ?? config.engine;
  const namespaces = await watchNamespaces({ options, env, config: engine, log, metrics });
  const kept = (state.kept = keepConfig({
    file: options.config,
    config,
    ownNamespace: options.namespace ?? env['POD_NAMESPACE'],
    log,
    metrics,
    accept: (next, before) => {
      if (namespaces === undefined) assertNoPolicies(next);
      // Annotations are kept by prefix, so that the others have to be read again.
      else if (next.annotationPrefix !== before.annotationPrefix) setImmediate(() => namespaces.relist());
    },
  }));
  try {
    return await serveUntilStopped({ options, config, certificate, kept, namespaces, log, metrics, io });
  } finally {
    kept.stop();
    await namespaces?.stop();
  }
}

interface Parts {
  readonly options: ServeOptions;
  /** As it was at the start. */
  readonly config: Config;
  readonly certificate: Certificate;
  readonly kept: KeptConfig;
  readonly namespaces: WatchedNamespaces | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly io: ServeIo;
}

async function serveUntilStopped(parts: Parts): Promise<number> {
  const { options, config, certificate, kept, namespaces, log, metrics, io } = parts;
  metrics.certificateNotAfter(certificate.notAfter);
  const handler = createHandler({
    config: () => kept.engine(),
    namespaces: (name) => namespaces?.lookup(name),
    metrics,
    log,
    clock: () => performance.now(),
  });
  const limits = { bodyBytes: config.server.bodyLimitBytes };
  const server = createServer({ tls: certificate, handler, limits, log, metrics });
  const health = await startHealthServer({
    host: options.healthHost,
    port: options.healthPort,
    metrics,
    log,
    checks: {
      certificate: () => expiry(certificate, new Date()),
      namespaces: () => (namespaces?.synced() === false ? 'the namespaces are not listed yet' : undefined),
      server: () => (server.draining() ? 'draining' : server.listening() ? undefined : 'not listening yet'),
    },
  });
  try {
    const address = await server.listen(options);
    log.info({ ...certificateFields(options, certificate) }, 'certificate');
    const engine = kept.engine();
    log.info(
      {
        version: engine.version,
        config: options.config ?? 'built-in defaults',
        configHash: engine.hash,
        webhook: `https://${hostAndPort(address.address, address.port)}`,
        health: `http://${hostAndPort(health.address.address, health.address.port)}`,
        excludedNamespaces: engine.excludedNamespaces,
        namespaces: namespaces === undefined ? 'not watched' : 'watched',
      },
      'serving',
    );
    return await untilStopped(server, () => kept.drainMs(), log, io);
  } finally {
    await shutDown(server, health);
  }
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
function untilStopped(server: WebhookServer, drainMs: () => number, log: Log, io: ServeIo): Promise<number> {
  const events = io.events ?? process;
  return new Promise((resolve) => {
    let draining = false;
    const finish = (code: number) => {
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
      void server.drain({ delayMs }).then(() => finish(0));
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

async function shutDown(server: WebhookServer, health: HealthServer): Promise<void> {
  await server.close();
  await health.close();
}

function certificateFields({ certDir }: ServeOptions, { description, notAfter, ca }: Certificate): object {
  // An authority that lives in memory can be learnt from nowhere else; it is public.
  const caBundle =
    ca === undefined || certDir !== undefined ? {} : { caBundle: Buffer.from(ca).toString('base64') };
  return { source: description, notAfter: notAfter.toISOString(), ...caBundle };
}

function expiry({ notAfter }: Certificate, now: Date): string | undefined {
  return now < notAfter ? undefined : `expired on ${notAfter.toISOString()}`;
}
