import assert from 'node:assert/strict';

import { generate } from 'selfsigned';

import type { ControlPlane } from './control-plane.ts';
import { podAddress } from './kubelet/kubelet.ts';
import type { PodSpec } from './kubelet/types.ts';
import type { Prometheus } from './prometheus/server.ts';

/**
 * A printed configuration that scrapes every second. What nobody gives an interval, the components' jobs for instance,
 * follows the global one, which is as long as in real life.
 */
export function everySecond(config: string): string {
  const quick = config
    .replace('  scrape_interval: 30s\n', '  scrape_interval: 1s\n')
    .replace('  scrape_timeout: 10s\n', '  scrape_timeout: 1s\n');
  assert.match(quick, /^global:\n {2}scrape_interval: 1s\n {2}scrape_timeout: 1s\n/m);
  return quick;
}

/** Waits until the API server has refused this user's questions for Pods, and nothing is found. */
export async function forbidden(prometheus: Prometheus, user: string): Promise<void> {
  await prometheus.waitFor(`${user} to be refused`, () =>
    // Quoted in a log line, so that the quotes within are escaped.
    prometheus.logs().includes(`pods is forbidden: User \\"${user}\\"`),
  );
  assert.deepEqual(await prometheus.targets(), { active: [], dropped: [] });
}

/** Creates a Pod in any namespace. */
export async function createPod(
  plane: ControlPlane,
  metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  },
  spec: PodSpec,
): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { terminationGracePeriodSeconds: 5, ...spec },
  };
  const path = `/api/v1/namespaces/${metadata.namespace}/pods`;
  const { status, body } = await plane.request('POST', path, pod);
  assert.equal(status, 201, JSON.stringify(body));
}

/** Creates a Service that has the standard label of a component. */
export async function createComponentService(
  plane: ControlPlane,
  metadata: { readonly namespace: string; readonly name: string },
  component: string,
  selector: Readonly<Record<string, string>>,
  ports: Readonly<Record<string, number>>,
): Promise<void> {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels: { 'app.kubernetes.io/name': component } },
    spec: { selector, ports: Object.entries(ports).map(([name, port]) => ({ name, port })) },
  };
  const path = `/api/v1/namespaces/${metadata.namespace}/services`;
  const { status, body } = await plane.request('POST', path, service);
  assert.equal(status, 201, JSON.stringify(body));
}

/** Creates a Pod with the standard label of a component, and its Service; resolves to its address when it is ready. */
export async function createComponent(
  plane: ControlPlane,
  namespace: string,
  component: string,
  container: PodSpec['containers'][number],
  ports: Readonly<Record<string, number>>,
): Promise<string> {
  const labels = { 'app.kubernetes.io/name': component };
  const metadata = { namespace, name: component };
  await createPod(plane, { ...metadata, labels }, { containers: [container] });
  await createComponentService(plane, metadata, component, labels, ports);
  return podAddress(plane, namespace, component);
}

/** A CA, and what it has signed; PEM. */
export interface Certificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Made anew: of a server at an IP address, or of a client that is known by a name. */
export async function certificate(
  of: { readonly ip: string } | { readonly client: string },
): Promise<Certificate> {
  const name = 'client' in of ? of.client : 'kubelet';
  const kind = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;
  const authority = await generate([{ name: 'commonName', value: `CA of ${name}` }], {
    ...kind,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    ...kind,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', ...('client' in of ? { clientAuth: true } : { serverAuth: true }) },
      ...('client' in of ? [] : [subjectAltName(of.ip)]),
    ],
  });
  return { ca: `${authority.cert.trimEnd()}\n`, cert: `${cert.trimEnd()}\n`, key: `${key.trimEnd()}\n` };
}

/** 7 is an IP address among RFC 5280's kinds of GeneralName. */
function subjectAltName(ip: string): { name: 'subjectAltName'; altNames: { type: 7; ip: string }[] } {
  return { name: 'subjectAltName', altNames: [{ type: 7, ip }] };
}
