import type { ControlPlane } from './control-plane.ts';

/** A Pod as JSON; tests read it loosely. */
export interface PodObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  readonly spec: {
    readonly containers: readonly PodContainer[];
    readonly initContainers?: readonly PodContainer[];
    readonly volumes?: readonly { readonly name: string }[];
  };
}

export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly containerPort: number;
    readonly protocol: string;
  }[];
}

/** The Pods of a namespace, once there are `count` of them. */
export function podsOf(plane: ControlPlane, namespace: string, count: number): Promise<readonly PodObject[]> {
  return plane.waitFor(`${count} Pods in ${namespace}`, async () => {
    const { body } = await plane.request<{ items: PodObject[] }>(
      'GET',
      `/api/v1/namespaces/${namespace}/pods`,
    );
    return body.items.length === count && body.items;
  });
}

/** Names and times that are new in every run, and what stands for them in golden files. */
const VARYING: readonly (readonly [pattern: RegExp, stands: string])[] = [
  [/"uid": ?"[0-9a-f-]{36}"/g, '"uid":"UID"'],
  [/"(creationTimestamp|time|lastTransitionTime|startTime)": ?"[^"]+"/g, '"$1":"TIME"'],
  [/"resourceVersion": ?"\d+"/g, '"resourceVersion":"N"'],
  [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-RANDOM'],
  // Of podscrape's record: what a release or a new default changes.
  [
    /\\"version\\":\\"[^"]+\\",\\"config\\":\\"[0-9a-f]{12}\\"/g,
    '\\"version\\":\\"VERSION\\",\\"config\\":\\"CONFIG\\"',
  ],
];

/**
 * The whole object with what varies replaced. The names that the Deployment controller derives from hashes and random
 * letters are cut back to the workload's.
 */
export function steady(object: object): unknown {
  let text = JSON.stringify(object, (key, value: unknown) => (key === 'managedFields' ? undefined : value));
  for (const [pattern, stands] of VARYING) text = text.replace(pattern, stands);
  const { metadata } = JSON.parse(text) as PodObject;
  const hash = metadata.labels?.['pod-template-hash'] ?? metadata.labels?.['controller-revision-hash'];
  if (hash !== undefined) text = text.replaceAll(hash.slice(hash.lastIndexOf('-') + 1), 'HASH');
  return JSON.parse(text.replace(/("name":"[a-z0-9-]+-HASH)-[a-z0-9]{5}"/, '$1-RANDOM"'));
}
