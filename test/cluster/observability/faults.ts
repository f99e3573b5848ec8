import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeAuthority, makeLeaf } from '../../../src/certificates/self-signed.ts';
import { kubeconfig } from '../layout.ts';
import type { ControlPlane } from '../control-plane.ts';
import { freePorts, startProcess } from '../processes.ts';
import { CLI, get, temporaryDirectory } from '../webhook.ts';
import type { Scraped } from './watching.ts';

const BLOCK_LOOP = join(import.meta.dirname, '../reliability/block-loop.ts');

/** A Pod with one container, which carries these labels and annotations. */
export const podWith = (
  name: string,
  annotations: Readonly<Record<string, string>> = {},
  labels: Readonly<Record<string, string>> = {},
): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations, labels },
  spec: {
    automountServiceAccountToken: false,
    containers: [{ name: 'web', image: 'example.com/web:1', ports: [{ containerPort: 8080 }] }],
  },
});

/** Creates a Pod without its staying there; the status of the answer, or 0 when none came. */
export async function tryPod(plane: ControlPlane, namespace: string, pod: object): Promise<number> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  return plane.request('POST', path, pod).then(
    ({ status }) => status,
    () => 0,
  );
}

/** A webhook configuration of one entry, which is sent Pods with the label `test: NAME`. */
export function entry(
  name: string,
  { url, ca = '', failurePolicy = 'Ignore' }: { url: string; ca?: string; failurePolicy?: 'Ignore' | 'Fail' },
): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: `test-${name}` },
    webhooks: [
      {
        name: `${name}.podscrape.dev`,
        clientConfig: { url: `${url}/mutate`, ...(ca === '' ? {} : { caBundle: base64(ca) }) },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        objectSelector: { matchLabels: { test: name } },
        failurePolicy,
        timeoutSeconds: 5,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** A replica that can neither list namespaces nor serve for long, and stands still again and again. */
export interface Doomed extends Scraped {
  /** Another authority's certificate, PEM. */
  readonly authority: string;
  readonly certFile: string;
  stop(): Promise<void>;
}

/** Starts one whose certificate lives for so many seconds; it serves when this resolves, and is never ready. */
export async function startDoomed(plane: ControlPlane, seconds: number): Promise<Doomed> {
  const folder = temporaryDirectory();
  const at = (name: string): string => join(folder, name);
  const term = { now: new Date(), life: seconds * 1000 };
  const authority = await makeAuthority(term);
  const leaf = await makeLeaf([{ kind: 'ip', value: '127.0.0.1' }], authority, term);
  writeFileSync(at('tls.crt'), leaf.cert);
  writeFileSync(at('tls.key'), leaf.key);
  writeFileSync(at('kubeconfig'), kubeconfig(plane.url, plane.ca, 'developer', plane.developerToken));
  const loopback = ['--host', '127.0.0.1', '--health-host', '127.0.0.1', '--port', '0'];
  const certificate = ['--tls-cert', at('tls.crt'), '--tls-key', at('tls.key')];
  const [healthPort = 0] = await freePorts(1);
  const served = startProcess({
    name: 'podscrape',
    command: process.execPath,
    args: [
      '--import',
      BLOCK_LOOP,
      CLI,
      'serve',
      ...loopback,
      ...certificate,
      '--health-port',
      String(healthPort),
      '--kubeconfig',
      at('kubeconfig'),
    ],
    logFile: at('log'),
    env: { ...process.env, BLOCK_MS: '600', BLOCK_EVERY_MS: '1500' },
  });
  await served.waitFor('to answer probes', async () => (await get(healthPort, '/healthz')).status === 200, {
    timeoutMs: 60_000,
  });
  return {
    pod: 'doomed',
    healthPort,
    authority: authority.cert,
    certFile: at('tls.crt'),
    stop: () => served.stop(),
  };
}
