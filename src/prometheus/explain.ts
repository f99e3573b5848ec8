import type { Discovery } from './explain-discovery.ts';
import { discoveryOf } from './explain-discovery.ts';
import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import type { RunningPod } from './pod-discovery.ts';
import { discoverPod } from './pod-discovery.ts';
import { distinctTargets, findTarget } from './target.ts';
import type { FoundTarget, ScrapeTarget } from './target.ts';

/** What one job makes of a Pod. */
export interface JobScrapes {
  readonly job: Job;
  readonly discovery: Discovery;
  /** In Prometheus' order: one for each declared port, and one for each container without ports. */
  readonly found: readonly FoundTarget[];
  /** Those that it scrapes, each once. */
  readonly targets: readonly ScrapeTarget[];
}

/** What a Prometheus makes of a Pod. */
export interface PodScrapes {
  readonly pod: RunningPod;
  readonly discovered: readonly Labels[];
  readonly jobs: readonly JobScrapes[];
}

/** Runs discovery and the jobs over a Pod. */
export function explainPod(pod: RunningPod, jobs: readonly Job[]): PodScrapes {
  const discovered = discoverPod(pod);
  return { pod, discovered, jobs: jobs.map((job) => explainJob(pod, discovered, job)) };
}

function explainJob(pod: RunningPod, discovered: readonly Labels[], job: Job): JobScrapes {
  const discovery = discoveryOf(pod, job);
  if (discovery.state !== 'discovered') return { job, discovery, found: [], targets: [] };
  const found = discovered.map((labels) => findTarget(labels, job));
  return { job, discovery, found, targets: distinctTargets(found) };
}

/** Names of the labels by which a discovered target is told. */
export const DISCOVERED = {
  namespace: '__meta_kubernetes_namespace',
  pod: '__meta_kubernetes_pod_name',
  controllerKind: '__meta_kubernetes_pod_controller_kind',
  controllerName: '__meta_kubernetes_pod_controller_name',
  container: '__meta_kubernetes_pod_container_name',
  init: '__meta_kubernetes_pod_container_init',
  portName: '__meta_kubernetes_pod_container_port_name',
  port: '__meta_kubernetes_pod_container_port_number',
  protocol: '__meta_kubernetes_pod_container_port_protocol',
} as const;

/** `web:8080`, or the container alone where it declares no port. */
export function placeOf(labels: Labels): string {
  const [container = '?', port] = [labels.get(DISCOVERED.container), labels.get(DISCOVERED.port)];
  const protocol = labels.get(DISCOVERED.protocol) ?? 'TCP';
  return `${container}${port === undefined ? '' : `:${port}`}${protocol === 'TCP' ? '' : `/${protocol}`}`;
}

/** The parts of a target's URL, as Prometheus writes it. */
export interface UrlParts {
  readonly scheme: string;
  /** With the brackets of IPv6. */
  readonly host: string;
  /** The scheme's own where none is written. */
  readonly port: number | undefined;
  readonly hasPort: boolean;
  readonly path: string;
  readonly params: URLSearchParams;
}

const URL_SHAPE = /^([a-z]+):\/\/(\[[^\]]*\]|[^/:?[\]]*)(?::(\d+))?(\/[^?]*)?(?:\?(.*))?$/;

/** Undefined for what is no sound URL, such as one with a bare IPv6 address. */
export function urlParts(url: string): UrlParts | undefined {
  const [, scheme, host = '', port, path = '/', query = ''] = URL_SHAPE.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  const number = port === undefined ? { http: 80, https: 443 }[scheme] : Number(port);
  return {
    scheme,
    host,
    port: number,
    hasPort: port !== undefined,
    path: decoded(path),
    params: new URLSearchParams(query),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
