import { X509Certificate } from 'node:crypto';

import { bundleEntries } from '../../../src/certificates/bundle.ts';
import { startControlPlane } from '../control-plane.ts';
import type { ControlPlane } from '../control-plane.ts';
import { get, untilCalled, webhookConfig } from '../webhook.ts';
import type { Webhook } from '../webhook.ts';
import { startReplicas } from './replicas.ts';
import type { Replicas } from './replicas.ts';

/** The namespace of podscrape in these tests, and the Secret of its authority. */
export const NAMESPACE = 'podscrape';
export const SECRET = 'podscrape-certificates';
export const MUTATING = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/00-podscrape';
export const VALIDATING = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/podscrape';
export const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;

/** Arguments for an authority of podscrape's own. */
export const OWN_AUTHORITY = [
  '--cert-secret',
  SECRET,
  '--namespace',
  NAMESPACE,
  '--dns-name',
  '127.0.0.1',
] as const;

interface Secret {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** The Secret's contents as text; undefined where there is none. */
export async function secretContents(
  plane: ControlPlane,
  namespace = NAMESPACE,
): Promise<Readonly<Record<string, string>> | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets/${SECRET}`;
  const { status, body } = await plane.request<Secret>('GET', path);
  if (status !== 200) return undefined;
  const entries = Object.entries(body.data ?? {});
  return Object.fromEntries<string>(
    entries.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  );
}

/** Sets keys of the Secret, and takes out those that are null; whatever podscrape writes meanwhile. */
export async function editSecret(plane: ControlPlane, data: Record<string, string | null>): Promise<void> {
  const encoded = Object.entries(data).map(([key, value]): [string, string | null] => [
    key,
    value === null ? null : Buffer.from(value).toString('base64'),
  ]);
  const { status } = await plane.request('PATCH', `${SECRETS}/${SECRET}`, {
    data: Object.fromEntries<string | null>(encoded),
  });
  if (status !== 200) throw new Error(`the Secret could not be edited: ${status}`);
}

/** The ids of the CAs of a bundle. */
export function authorities(bundle: string | undefined): readonly string[] {
  return bundleEntries(bundle ?? '').map(({ id }) => id);
}

/** The end of a PEM certificate, in milliseconds since 1970. */
export function endOf(cert: string | undefined): number {
  return new X509Certificate(cert ?? '').validToDate.getTime();
}

interface Configuration {
  readonly metadata: { readonly managedFields?: readonly { manager?: string; operation?: string }[] };
  readonly webhooks: { name: string; clientConfig: { caBundle?: string; url?: string } }[];
}

/** A webhook configuration, as it is. */
export async function configuration(plane: ControlPlane, path = MUTATING): Promise<Configuration> {
  return (await plane.request<Configuration>('GET', path)).body;
}

/** The bundle of each entry, as text. */
export async function publishedBundles(plane: ControlPlane, path = MUTATING): Promise<readonly string[]> {
  const { webhooks } = await configuration(plane, path);
  return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? '', 'base64').toString());
}

/** What a webhook configuration without a caBundle is like: the chart's, or `webhook-config` without --ca-file. */
export async function registerWithoutCa(
  plane: ControlPlane,
  url: string,
  more: readonly string[] = [],
): Promise<void> {
  await plane.kubectl(['apply', '-f', '-'], { stdin: await webhookConfig({ url }, more) });
}

/** Two replicas with an authority of their own, which the API server calls under `Fail`. */
export async function startWithOwnAuthority(
  config: string,
): Promise<{ readonly plane: ControlPlane; readonly podscrape: Replicas }> {
  const plane = await startControlPlane({ controllerManager: false });
  await plane.createNamespace(NAMESPACE);
  const { kubeconfig } = plane;
  const podscrape = await startReplicas({ count: 2, kubeconfig, certificate: OWN_AUTHORITY, config });
  await registerWithoutCa(plane, podscrape.front.url, [
    '--failure-policy',
    'Fail',
    '--timeout-seconds',
    '20',
  ]);
  await untilCalled(plane);
  return { plane, podscrape };
}

/** The value of a metric's series, of which the line begins so. */
export async function metric(webhook: Pick<Webhook, 'healthPort'>, series: string): Promise<number> {
  const { body } = await get(webhook.healthPort, '/metrics');
  const line = body.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

/** The replica that leads, once there is one. */
export async function leaderOf(plane: ControlPlane, replicas: readonly Webhook[]): Promise<Webhook> {
  return plane.waitFor(
    'a leader',
    async () => {
      for (const replica of replicas) if ((await metric(replica, 'podscrape_leader')) === 1) return replica;
      return undefined;
    },
    { timeoutMs: 40_000 },
  );
}
