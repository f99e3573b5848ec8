import assert from 'node:assert/strict';

import type { ControlPlane } from './control-plane.ts';
import type { PodContainer, PodObject } from './pods.ts';
import type { Webhook } from './webhook.ts';

/** A Pod as it came out of admission, and what podscrape did in each of its passes over it. */
export interface Passed {
  readonly pod: PodObject;
  readonly warnings: readonly string[];
  readonly passes: readonly string[];
}

export interface Asked {
  readonly namespace: string;
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Beside the application's container, which is {@link WEB}. */
  readonly spec?: object;
}

export const WEB = {
  name: 'web',
  image: 'example.com/web:1',
  ports: [{ name: 'http', containerPort: 8080 }],
};

/** Sends a Pod, dry. */
export async function pass(plane: ControlPlane, webhook: Webhook, asked: Asked): Promise<Passed> {
  const before = (await settledLog(plane, webhook)).length;
  const { namespace, spec, ...metadata } = asked;
  const { status, body, warnings } = await send(plane, namespace, metadata, spec);
  assert.equal(status, 201, JSON.stringify(body));
  const passes = (await settledLog(plane, webhook))
    .slice(before)
    .filter((line) => line['msg'] === 'decision' && line['name'] === asked.name)
    .map((line) => `${String(line['outcome'])}, ${line['patchOps'] === 0 ? 'no patch' : 'patch'}`);
  return { pod: body, warnings, passes };
}

function send(plane: ControlPlane, namespace: string, metadata: object, spec: object = {}) {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { automountServiceAccountToken: false, containers: [WEB], ...spec },
  };
  return plane.request<PodObject>('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
}

let marks = 0;

/** The log once it is written as far as now: lines come in order, so a Pod sent now is told of after all others. */
async function settledLog(plane: ControlPlane, webhook: Webhook) {
  const name = `mark-${marks++}`;
  await send(plane, 'default', { name, annotations: { 'podscrape.dev/profile': 'http' } });
  return plane.waitFor('the log to be written', () => {
    const lines = webhook.logLines();
    return lines.some((line) => line['name'] === name) && lines;
  });
}

/** What two passes are that do the work once. */
export const ONCE = ['injected, patch', 'injected, no patch'];

/** Every container, init containers first. */
export function containersOf({ spec }: PodObject): readonly PodContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** The value of a variable in the container of that name; empty where there is none. */
export function variable(pod: PodObject, container: string, name: string): string {
  const found = containersOf(pod).find((candidate) => candidate.name === container);
  return found?.env?.find((entry) => entry.name === name)?.value ?? '';
}

/** Containers, ports, port names and each container's variables: everything is there once. */
export function assertOnce(pod: PodObject): void {
  const containers = containersOf(pod);
  const ports = containers.flatMap((container) => container.ports ?? []);
  const lists = [
    containers.map(({ name }) => name),
    ports.map(({ containerPort }) => containerPort),
    ports.map(({ name }) => name),
    ...containers.map(({ env }) => (env ?? []).map(({ name }) => name)),
  ];
  for (const list of lists) assert.deepEqual(list, [...new Set<unknown>(list)]);
}

/** What `P/status` claims to have added is in the Pod, and it claims every container but `others`. */
export function assertClaims(pod: PodObject, others: readonly string[]): void {
  const { annotations = {} } = pod.metadata;
  const status = JSON.parse(annotations['podscrape.dev/status'] ?? '{}') as {
    outcome?: string;
    added?: Readonly<Record<string, readonly string[]>>;
  };
  assert.equal(status.outcome, 'injected');
  const { added = {} } = status;
  const containers = containersOf(pod);
  for (const entry of added['ports'] ?? []) {
    const [container, number] = entry.split('/');
    const { ports = [] } = containers.find(({ name }) => name === container) ?? {};
    const isDeclared = ports.some(({ containerPort }) => containerPort === Number(number));
    assert.ok(isDeclared, `port ${entry}`);
  }
  for (const entry of [...(added['env'] ?? []), ...(added['extended'] ?? [])]) {
    const [container = '', name = ''] = entry.split('/');
    assert.notEqual(variable(pod, container, name), '', `variable ${entry}`);
  }
  for (const key of added['annotations'] ?? []) assert.ok(Object.hasOwn(annotations, key), key);
  const volumes = (pod.spec.volumes ?? []).map(({ name }) => name);
  for (const name of added['volumes'] ?? []) assert.ok(volumes.includes(name), `volume ${name}`);
  const ours = containers.map(({ name }) => name).filter((name) => ![WEB.name, ...others].includes(name));
  assert.deepEqual(added['containers'] ?? [], ours);
}
