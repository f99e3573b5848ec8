import { stringify } from 'yaml';

import type { KubeObject } from './client.ts';
import type { ControlPlane } from './control-plane.ts';
import { register, startWebhook } from './webhook.ts';
import type { Webhook } from './webhook.ts';

type StringMap = Readonly<Record<string, string>>;

/** A request that is off the conventions of {@link policy} in two ways: one is denied, one is warned of. */
export const OFF = {
  'podscrape.dev/profile': 'http',
  'podscrape.dev/port': '9100',
  'podscrape.dev/path': '/stats',
};

/** One that keeps to them, and takes the place of the other in a merge patch. */
export const FINE = {
  'podscrape.dev/profile': 'http',
  'podscrape.dev/port': '8080',
  'podscrape.dev/path': '/metrics',
};

/** What is said of {@link OFF}, before the policy is named. */
export const OFF_PORT = 'podscrape.dev/port: 9100 is outside 8000-8999';
export const OFF_PATH = 'podscrape.dev/path: "/stats" does not match "/(metrics|prometheus)"';

/** A policy for the namespaces with the label `stage: NAME`. */
export function policy(name: string, mode: string, more: object = {}): object {
  return {
    name,
    namespaceSelector: { matchLabels: { stage: name } },
    mode,
    conventions: {
      allowedPorts: { ranges: ['8000-8999'], severity: 'deny' },
      pathPattern: { pattern: '/(metrics|prometheus)', severity: 'warn' },
    },
    ...more,
  };
}

/** Of what has the label `app`. */
export function exemption(app: string, until: string): object {
  return { selector: { matchLabels: { app } }, until, reason: 'is replaced' };
}

/** A configuration file's text. */
export function configured(policies: readonly object[]): string {
  return stringify({ policies });
}

/** Starts the webhook and registers it; resolves when Pods off convention are denied in that namespace. */
export async function enforce(
  plane: ControlPlane,
  policies: readonly object[],
  namespace: string,
): Promise<Webhook> {
  const webhook = await startWebhook({ config: configured(policies), kubeconfig: plane.kubeconfig });
  await register(plane, webhook, ['--config', webhook.configFile]);
  await denying(plane, namespace);
  return webhook;
}

/** Resolves when Pods off convention are denied there: the apiserver learns of webhooks only after a moment. */
export async function denying(plane: ControlPlane, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
  await plane.waitFor(`Pods off convention to be denied in ${namespace}`, async () => {
    return (await plane.request('POST', path, pod('probe', OFF))).status === 403;
  });
}

/** `kubectl apply`, however it ends. */
export function apply(
  plane: ControlPlane,
  namespace: string,
  object: KubeObject,
  more: readonly string[] = [],
) {
  const args = ['apply', '-n', namespace, ...more, '-f', '-'];
  return plane.kubectl(args, { stdin: JSON.stringify(object), allowFailure: true });
}

/** What kubectl prints after `Warning: `. */
export function warningsIn(stderr: string): readonly string[] {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('Warning: '))
    .map((line) => line.slice('Warning: '.length));
}

const SPEC = {
  automountServiceAccountToken: false,
  containers: [
    {
      name: 'web',
      image: 'example.com/web:1',
      ports: [
        { name: 'http', containerPort: 8080 },
        { name: 'admin', containerPort: 9100 },
      ],
    },
  ],
};

export function pod(name: string, annotations: StringMap, labels: StringMap = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, annotations, labels }, spec: SPEC };
}

/** With one Pod, whose label `app` is the Deployment's name; annotations and labels are the template's. */
export function deployment(name: string, annotations: StringMap, labels: StringMap = {}): KubeObject {
  const template = { metadata: { annotations, labels: { ...labels, app: name } }, spec: SPEC };
  const spec = { selector: { matchLabels: { app: name } }, template };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
}

/** Never due; the annotations are the pod template's. */
export function cronJob(name: string, annotations: StringMap): KubeObject {
  const template = { metadata: { annotations }, spec: { ...SPEC, restartPolicy: 'Never' } };
  const spec = { schedule: '0 0 30 2 *', jobTemplate: { spec: { template } } };
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec };
}
