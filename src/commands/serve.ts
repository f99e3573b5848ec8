import { X509Certificate } from 'node:crypto';
import { CertificateError } from '../certificates/source.ts';
import type { Certificate, CertificateSource } from '../certificates/source.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/load.ts';
import { KubeConfigError } from '../kube/config.ts';
import { startHealthServer } from '../telemetry/health.ts';
import { ListenError, hostAndPort } from '../telemetry/listen.ts';
import { createLog } from '../telemetry/log.ts';
import type { Log } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createHandler } from '../webhook/handler.ts';
import { createServer } from '../webhook/server.ts';
import type { KeyPair, WebhookServer } from '../webhook/server.ts';
import { followClientCa } from '../certificates/client-ca.ts';
import type { ClientCa } from '../certificates/client-ca.ts';
import { firstCertificate, openCertificates } from './certificates.ts';
import type { CertificateChoice } from './certificates.ts';
import { keepConfig } from './config-in-force.ts';
import type { KeptConfig } from './config-in-force.ts';
import { fail } from './fail.ts';
import { assertNoPolicies, PoliciesUnwatched, watchNamespaces } from './namespaces.ts';
import type { WatchedNamespaces } from './namespaces.ts';
import { untilStopped } from './until-stopped.ts';
import type { Interrupted } from './until-stopped.ts';

export interface ServeOptions extends CertificateChoice {
  /** The configuration file; every default without one. */
  readonly config?: string;
  readonly host: string;
  /** 0 takes any free port; the log says which. */
  readonly port: number;
  /** CAs of the client certificates that are required then. */
  readonly clientCaFile?: string;
  /** Names of which such a certificate must have one; none: any will do. */
  readonly clientName?: readonly string[];
  readonly healthHost: string;
  readonly healthPort: number;
}

/** What can be wrong with the surroundings; everything else is a bug. */
const EXPECTED = [CertificateError, ListenError, KubeConfigError, PoliciesUnwatched];

/**
 * `::` is every address of both families, and where a node has no IPv6 `listen` takes 0.0.0.0 instead: a Pod is reached
 * over the family of its cluster, which the image cannot know. The same for the probes, which come from the node.
 */
export const SERVE_DEFAULTS = { host: '::', port: 8443, healthHost: '::', healthPort: 8080 } as const;

/** What the command touches of its process; everything but the streams is the real process when left out. */
export interface ServeIo extends Interrupted {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs the webhook until it is told to stop. Resolves with the exit code, once nothing is open any more. */
export async function serve(options: ServeOptions, io: ServeIo): Promise<number> {
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  try {
    return await run(options, loaded.config, io);
  } catch (error) {
    if (EXPECTED.some((type) => error instanceof type) && error instanceof Error)
      return fail(io, [error.message]);
    throw error;
  }
}

async function run(options: ServeOptions, config: Config, io: ServeIo): Promise<number> {
  const log = createLog({
    level: config.logging.level,
    ...(io.stdout === process.stdout ? {} : { destination: io.stdout }),
  });
  const env = io.env ?? process.env;
  const metrics = createMetrics({ version: config.engine.version, ...config.metrics });
  const state: { kept?: KeptConfig } = {};
  const engine = () => state.kept?.engine() ?? config.engine;
  const lives = () => state.kept?.certificates() ?? config.certificates;
  const clientCa = await openClientCa(options, log);
  const certificates = await openCertificates({ options, env, lives, log, metrics });
  try {
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
      const parts = { options, config, certificates, clientCa, kept, namespaces, log, metrics, io };
      return await serveUntilStopped(parts);
    } finally {
      kept.stop();
      await namespaces?.stop();
    }
  } finally {
    clientCa?.stop();
    await certificates.close();
  }
}

interface Parts {
  readonly options: ServeOptions;
  /** As it was at the start. */
  readonly config: Config;
  readonly certificates: CertificateSource;
  readonly clientCa: ClientCa | undefined;
  readonly kept: KeptConfig;
  readonly namespaces: WatchedNamespaces | undefined;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly io: ServeIo;
}

async function serveUntilStopped(parts: Parts): Promise<number> {
  const { options, certificates, kept, namespaces, log, metrics, io } = parts;
  const state: { server?: WebhookServer } = {};
  const health = await startHealthServer({
    host: options.healthHost,
    port: options.healthPort,
    metrics,
    log,
    checks: {
      certificate: () => certificates.unready(new Date()),
      namespaces: () => (namespaces?.synced() === false ? 'the namespaces are not listed yet' : undefined),
      server: () => {
        if (state.server?.draining() === true) return 'draining';
        return state.server?.listening() === true ? undefined : 'not listening yet';
      },
    },
  });
  const healthUrl = `http://${hostAndPort(health.address.address, health.address.port)}`;
  try {
    const first = await firstCertificate(certificates, { health: healthUrl, log, io });
    if (first === undefined) return 0;
    const server = (state.server = createWebhook(parts, first));
    const address = await server.listen(options);
    log.info({ ...certificateFields(options, first) }, 'certificate');
    const engine = kept.engine();
    log.info(
      {
        version: engine.version,
        config: options.config ?? 'built-in defaults',
        configHash: engine.hash,
        webhook: `https://${hostAndPort(address.address, address.port)}`,
        health: healthUrl,
        excludedNamespaces: engine.excludedNamespaces,
        namespaces: namespaces === undefined ? 'not watched' : 'watched',
      },
      'serving',
    );
    return await untilStopped(server, () => kept.drainMs(), log, io);
  } finally {
    await state.server?.close();
    await health.close();
  }
}

/** The webhook's server, not listening yet, which takes each new certificate as it comes. */
function createWebhook(parts: Parts, given: Certificate): WebhookServer {
  const { options, config, certificates, clientCa, kept, namespaces, log, metrics } = parts;
  const handler = createHandler({
    config: () => kept.engine(),
    namespaces: (name) => namespaces?.lookup(name),
    metrics,
    log,
    clock: () => performance.now(),
  });
  const first = certificates.current() ?? given;
  const server = createServer({
    tls: keyPair(first, clientCa),
    clientNames: options.clientName ?? [],
    handler,
    limits: { bodyBytes: config.server.bodyLimitBytes },
    log,
    metrics,
  });
  metrics.certificateNotAfter(first.notAfter, validFrom(first));
  let inUse = first;
  const replace = (certificate: Certificate): boolean => {
    try {
      server.replaceCertificate(keyPair(certificate, clientCa));
    } catch (error) {
      metrics.certificateRenewed('failure');
      log.error({ reason: String(error) }, 'the new certificate cannot be used, the one in use stays');
      return false;
    }
    inUse = certificate;
    metrics.certificateNotAfter(certificate.notAfter, validFrom(certificate));
    return true;
  };
  certificates.onChange((certificate) => {
    if (replace(certificate))
      log.info({ ...certificateFields(options, certificate) }, 'certificate replaced');
  });
  clientCa?.onChange(() => void replace(inUse));
  return server;
}

function keyPair({ key, cert }: Certificate, clientCa: ClientCa | undefined): KeyPair {
  return { key, cert, ...(clientCa !== undefined && { clientCa: clientCa.current() }) };
}

async function openClientCa({ clientCaFile }: ServeOptions, log: Log): Promise<ClientCa | undefined> {
  return clientCaFile === undefined ? undefined : followClientCa({ file: clientCaFile, log });
}

function validFrom({ cert }: Certificate): Date {
  return new X509Certificate(cert).validFromDate;
}

function certificateFields(
  { certDir, certSecret }: ServeOptions,
  { description, notAfter, ca }: Certificate,
): object {
  // An authority that lives in memory can be learnt from nowhere else; it is public.
  const elsewhere = certDir !== undefined || certSecret !== undefined;
  const caBundle = ca === undefined || elsewhere ? {} : { caBundle: Buffer.from(ca).toString('base64') };
  return { source: description, notAfter: notAfter.toISOString(), ...caBundle };
}
