import type { ControlPlane } from '../control-plane.ts';
import { CAPACITY } from './environment.ts';
import { timestamp } from './process.ts';
import type { Pod } from './types.ts';

/** Registers a node that is ready. Errors: the API server refuses it. */
export async function registerNode(
  plane: ControlPlane,
  name: string,
  addresses: readonly string[],
): Promise<void> {
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' };
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } };
  const created = await plane.request('POST', '/api/v1/nodes', node);
  if (created.status !== 201 && created.status !== 409)
    throw new Error(`node ${name}: ${created.body.message ?? `status ${created.status}`}`);
  // Admission marks new nodes as not ready, and the controller that would take the mark away is off.
  await plane.request('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } });
  const now = timestamp();
  const condition = (type: string, status: string, reason: string) => ({
    ...{ type, status, reason },
    ...{ lastHeartbeatTime: now, lastTransitionTime: now },
  });
  const status = {
    capacity: CAPACITY,
    allocatable: CAPACITY,
    addresses: [
      ...addresses.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: name },
    ],
    conditions: [
      condition('Ready', 'True', 'KubeletReady'),
      ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) =>
        condition(type, 'False', 'KubeletHasSufficientResources'),
      ),
    ],
    nodeInfo: { kubeletVersion: 'v1.36.3', operatingSystem: 'linux', containerRuntimeVersion: 'process://1' },
  };
  const { status: code, body } = await plane.request('PATCH', `/api/v1/nodes/${name}/status`, { status });
  if (code !== 200) throw new Error(`status of node ${name}: ${body.message ?? `status ${code}`}`);
}

/** Takes the node away. */
export async function removeNode(plane: ControlPlane, name: string): Promise<void> {
  await plane.request('DELETE', `/api/v1/nodes/${name}`);
}

/** Assigns a Pod to the node; another scheduler may have been faster. */
export async function bind(plane: ControlPlane, { metadata }: Pod, node: string): Promise<void> {
  const { name, namespace, uid } = metadata;
  const target = { apiVersion: 'v1', kind: 'Node', name: node };
  const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target };
  await plane.request('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding);
}
