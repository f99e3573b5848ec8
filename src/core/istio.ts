import type { Pod, StringMap } from './kubernetes.ts';
import { own } from './pod.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Istio's metrics merging: its injector points `prometheus.io/port` and `path` at the agent's merged endpoint and hands
 * the originals to the agent in a variable (istio/istio, pkg/kube/inject/webhook.go, applyPrometheusMerge).
 */

/** Ports that Istio's proxy and agent hold in every Pod of the mesh; its injector refuses them as scrape targets. */
export const ISTIO_PORTS: readonly number[] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

const MERGED_PORT = '15020';
const PROXY = 'istio-proxy';
const ORIGINALS = 'ISTIO_PROMETHEUS_ANNOTATIONS';
const KEYS = ['prometheus.io/port', 'prometheus.io.port', 'prometheus.io/path', 'prometheus.io.path'];

/** `"false"` on a Pod keeps Istio's hands off its annotations. */
export const MERGE_METRICS = 'prometheus.istio.io/merge-metrics';

/** Several targets for the agent to merge, `8080:/metrics,9102:/metrics` (Istio ≥ 1.31). */
export const SCRAPE_TARGETS = 'prometheus.istio.io/scrape-targets';

/** Whether Istio has rewritten the annotations already. */
export function isMerged(pod: Pod): boolean {
  const { annotations } = pod.metadata ?? {};
  return [KEYS[0], KEYS[1]].some((key) => own(annotations, key ?? '')?.trim() === MERGED_PORT);
}

/** The annotations as they were before Istio rewrote them; what its agent was not told is lost. */
export function originalAnnotations(pod: Pod): StringMap | null | undefined {
  if (!isMerged(pod)) return pod.metadata?.annotations;
  const rest = Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => !KEYS.includes(key));
  return Object.fromEntries([...rest, ...originals(pod)]);
}

/** Port and path from the agent's variable; nothing for anything that is not as Istio writes it. */
function originals(pod: Pod): readonly (readonly [string, string])[] {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const proxy = containers.find(({ name }) => name === PROXY);
  const text = (proxy?.env ?? []).find(({ name }) => name === ORIGINALS)?.value;
  if (text === undefined || text.length > 4096) return [];
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return [];
    const { port, path } = value as Readonly<Record<string, unknown>>;
    return [['prometheus.io/port', port] as const, ['prometheus.io/path', path] as const].flatMap(
      ([key, said]) => (typeof said === 'string' && said !== '' ? [[key, said] as const] : []),
    );
  } catch {
    return [];
  }
}

/**
 * Whether Istio merges the Pod's metrics, now or when its injector comes: the Pod's annotation has the last word, the
 * mesh's default is yes, and what tells of the mesh is the Pod's label or the namespace's. Not the proxy's container:
 * a proxy without the merged port is a mesh that does not merge, and a pass after Istio's must see what the first saw.
 */
export function isMerging(pod: Pod, { labels }: Surroundings): boolean {
  const { annotations, labels: podLabels } = pod.metadata ?? {};
  if (own(annotations, MERGE_METRICS) === 'false') return false;
  if (isMerged(pod)) return true;
  const asked = own(podLabels, 'sidecar.istio.io/inject') ?? own(annotations, 'sidecar.istio.io/inject');
  if (asked !== undefined) return asked === 'true';
  const said = own(labels, 'istio-injection');
  if (said !== undefined) return said === 'enabled';
  return own(podLabels, 'istio.io/rev') !== undefined || own(labels, 'istio.io/rev') !== undefined;
}
