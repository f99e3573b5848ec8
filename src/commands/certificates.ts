import { hostname } from 'node:os';

import { startFilesSource } from '../certificates/files-source.ts';
import { startOwnAuthority } from '../certificates/own-authority.ts';
import type { Lives } from '../certificates/own-authority.ts';
import { certificateSource, CertificateError, constantSource } from '../certificates/source.ts';
import type { Certificate, CertificateSource } from '../certificates/source.ts';
import type { Config } from '../config/load.ts';
import { parseDuration } from '../core/duration.ts';
import { loadKubeConfig } from '../kube/config.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Interrupted } from './until-stopped.ts';

/** The options of `serve` that say where its certificate comes from. */
export interface CertificateChoice {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly certDir?: string;
  /** The Secret of an authority of our own. */
  readonly certSecret?: string;
  /** Of the leader among the replicas that share that Secret. */
  readonly lease?: string;
  /** Whether the leader writes the CA bundle into the webhook configurations; it does when left out. */
  readonly publishCa?: boolean;
  /** Names that a certificate of podscrape's own is for. */
  readonly dnsName: readonly string[];
  /** The API server; without one, the Pod's, and outside a cluster nobody is asked. */
  readonly kubeconfig?: string;
  /** A context of that file. */
  readonly context?: string;
  /** podscrape's own namespace, which it never touches; `POD_NAMESPACE` of the environment when left out. */
  readonly namespace?: string;
}

export const DEFAULT_LEASE = 'podscrape';

export interface OpenOptions {
  readonly options: CertificateChoice;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly lives: () => Config['certificates'];
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Opens the source that the options name. Errors: CertificateError, KubeConfigError. */
export async function openCertificates(open: OpenOptions): Promise<CertificateSource> {
  const { options, log, metrics } = open;
  const { tlsCert, tlsKey, certDir, certSecret, dnsName: dnsNames } = options;
  if (certSecret !== undefined) return openAuthority(open, certSecret);
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return startFilesSource({ certFile: tlsCert, keyFile: tlsKey, log, metrics });
  }
  return constantSource(await certificateSource({ dnsNames, ...(certDir !== undefined && { certDir }) }));
}

async function openAuthority(
  { options, env, lives, log, metrics }: OpenOptions,
  secret: string,
): Promise<CertificateSource> {
  const { kubeconfig, context, dnsName: dnsNames, lease = DEFAULT_LEASE, publishCa = true } = options;
  const server = await loadKubeConfig({
    env,
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(context !== undefined && { context }),
  });
  const namespace = options.namespace ?? (env['POD_NAMESPACE'] || server.namespace);
  if (namespace === undefined) {
    throw new CertificateError(
      '--cert-secret needs a namespace: give --namespace NAME, or set POD_NAMESPACE',
    );
  }
  const replica = env['POD_NAME'] || hostname();
  return startOwnAuthority({
    server,
    namespace,
    secret,
    lease,
    replica,
    dnsNames,
    lives: () => milliseconds(lives()),
    publishes: publishCa,
    log,
    metrics,
  });
}

/** The configuration's check has read them already. */
function milliseconds({ life, authorityLife }: Config['certificates']): Lives {
  return { life: parseDuration(life) ?? 0, authorityLife: parseDuration(authorityLife) ?? 0 };
}

/** Who waits for a certificate, and what may end the waiting. */
export interface Waiting {
  /** Where the probes are answered meanwhile. */
  readonly health: string;
  readonly log: Log;
  readonly io: Interrupted;
}

/** The first certificate; undefined when a signal came before it. It waits for as long as it takes. */
export async function firstCertificate(
  source: CertificateSource,
  { health, log, io }: Waiting,
): Promise<Certificate | undefined> {
  const there = source.current();
  if (there !== undefined) return there;
  log.info({ health, reason: source.unready(new Date()) }, 'no certificate yet');
  const events = io.events ?? process;
  const { promise, resolve } = Promise.withResolvers<Certificate | undefined>();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const stop = (): void => resolve(undefined);
  for (const signal of signals) events.on(signal, stop);
  source.onChange(resolve);
  const certificate = await promise;
  for (const signal of signals) events.off(signal, stop);
  if (certificate === undefined) log.info({ exitCode: 0 }, 'stopped');
  return certificate;
}
