import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';
import type { ControlPlane } from './control-plane.ts';
import type { PodObject } from './pods.ts';

/** One operation of a JSON Patch. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: string;
  readonly value?: unknown;
}

/** What another mutating webhook does with a Pod; nothing is a patch too. */
export type Mutation = (pod: PodObject) => readonly PatchOperation[];

/** Somebody else's mutating webhook for Pods. */
export interface OtherWebhook {
  /** The Pods as it was sent them, in their order, dry runs included. */
  readonly seen: readonly PodObject[];
  /** Takes its configuration away and ends it. */
  stop(): Promise<void>;
}

/** How it is registered; its configuration and its one entry derive from the name, which tells when it is called. */
export interface OtherWebhookOptions {
  readonly name: string;
  readonly reinvocationPolicy: 'Never' | 'IfNeeded';
  /** The Pods that it wants, by a label of the same name and value `true`. */
  readonly label: string;
}

/** Starts a mutating webhook in this process and registers it; resolves when the apiserver calls it. */
export async function startOtherWebhook(
  plane: ControlPlane,
  { name, reinvocationPolicy, label }: OtherWebhookOptions,
  mutate: Mutation,
): Promise<OtherWebhook> {
  const { ca, cert, key } = await makeCertificates(alternativeNames(['127.0.0.1']), new Date());
  const seen: PodObject[] = [];
  const server = createServer({ cert, key }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      const pod = review.request.object;
      seen.push(pod);
      const patch = Buffer.from(JSON.stringify(mutate(pod))).toString('base64');
      const answer = { uid: review.request.uid, allowed: true, patchType: 'JSONPatch', patch };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ ...review, request: undefined, response: answer }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.com`,
        clientConfig: {
          url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/inject`,
          caBundle: Buffer.from(ca).toString('base64'),
        },
        rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        objectSelector: { matchLabels: { [label]: 'true' } },
        reinvocationPolicy,
        // Whoever does not answer makes the test fail, not pass.
        failurePolicy: 'Fail',
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  const { status, body } = await plane.request('POST', path, configuration);
  if (status !== 201) throw new Error(`${name}: ${body.message ?? `status ${status}`}`);
  const probe = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'probe', labels: { [label]: 'true' } },
    spec: { containers: [{ name: 'probe', image: 'probe' }] },
  };
  await plane.waitFor(`the apiserver to call ${name}`, async () => {
    await plane.request('POST', '/api/v1/namespaces/default/pods?dryRun=All', probe);
    return seen.length > 0;
  });
  return {
    seen,
    stop: async () => {
      await plane.request('DELETE', `${path}/${name}`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Review {
  readonly request: { readonly uid: string; readonly object: PodObject };
}
