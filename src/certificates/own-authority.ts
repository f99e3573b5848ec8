import { randomBytes } from 'node:crypto';

import {
  VALIDATING_WEBHOOK_CONFIGURATION_NAME,
  WEBHOOK_CONFIGURATION_NAME,
} from '../core/webhook-configuration.ts';
import type { ApiServer } from '../kube/api-server.ts';
import { startElection } from '../kube/election.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { alternativeNames } from './names.ts';
import type { Wish } from './plan.ts';
import type { Target } from './published.ts';
import { Publisher } from './publisher.ts';
import { SecretSource } from './secret-source.ts';
import type { Certificate, CertificateSource } from './source.ts';

/** Where the webhook is registered. */
const TARGETS: readonly Target[] = [
  { resource: 'mutatingwebhookconfigurations', name: WEBHOOK_CONFIGURATION_NAME },
  { resource: 'validatingwebhookconfigurations', name: VALIDATING_WEBHOOK_CONFIGURATION_NAME },
];

/** How long certificates are to live, in milliseconds. */
export interface Lives {
  readonly life: number;
  readonly authorityLife: number;
}

export interface OwnAuthorityOptions {
  readonly server: ApiServer;
  /** podscrape's own, where Secret and Lease are. */
  readonly namespace: string;
  readonly secret: string;
  readonly lease: string;
  /** Of this replica, for the Lease; a random part is added. */
  readonly replica: string;
  readonly dnsNames: readonly string[];
  readonly lives: () => Lives;
  /** Whether the leader writes the CA bundle into the webhook configurations. */
  readonly publishes: boolean;
  readonly log: Log;
  readonly metrics: Pick<
    Metrics,
    'certificateRenewed' | 'authorityNotAfter' | 'caBundlePublished' | 'caBundleRepaired' | 'leader'
  >;
  readonly clock?: () => Date;
}

/**
 * Certificates of an authority of our own, the same for all replicas: kept in a Secret, renewed by a leader, published by
 * it. It starts at once and never fails; what is in the way is logged, and keeps the replica unready until there is a
 * certificate.
 */
export function startOwnAuthority(options: OwnAuthorityOptions): CertificateSource {
  const { server, namespace, log, metrics, clock = () => new Date() } = options;
  const listeners: ((certificate: Certificate) => void)[] = [];
  let publisher: Publisher | undefined;
  let stopping: Promise<void> = Promise.resolve();

  const source = new SecretSource({
    server,
    namespace,
    name: options.secret,
    names: alternativeNames(options.dnsNames),
    wish: () => wishOf(options.lives()),
    leads: () => election.leads(),
    publishedSince: (bundle) => publisher?.since(bundle),
    onCertificate: (certificate) => listeners.forEach((listener) => listener(certificate)),
    onBundle: () => publisher?.kick(),
    log,
    metrics,
    clock,
  });
  const lead = (leads: boolean): void => {
    metrics.leader(leads);
    const before = publisher;
    publisher = leads
      ? new Publisher({
          server,
          targets: TARGETS,
          bundle: () => source.bundle(),
          isComplete: (bundle) => source.isComplete(bundle),
          writes: options.publishes,
          log,
          metrics,
          onChange: () => source.kick(),
          clock,
        })
      : undefined;
    if (before !== undefined) stopping = Promise.all([stopping, before.stop()]).then(() => undefined);
    source.kick();
  };
  metrics.leader(false);
  const election = startElection({
    server,
    namespace,
    name: options.lease,
    identity: `${options.replica}_${randomBytes(4).toString('hex')}`,
    log,
    onChange: lead,
  });
  return {
    current: () => source.current(),
    onChange: (listener) => void listeners.push(listener),
    unready: (now) => source.unready(now),
    async close() {
      await election.stop();
      await Promise.all([source.stop(), stopping]);
    },
  };
}

/** API servers read a webhook configuration within a moment; short lives leave less time for waiting. */
function wishOf({ life, authorityLife }: Lives): Wish {
  return { life, authorityLife, settle: Math.min(30_000, Math.max(1_000, life / 10)) };
}
