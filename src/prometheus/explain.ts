import { attachedLabels } from './attached.ts';
import type { Around } from './attached.ts';
import type { Discovery } from './explain-discovery.ts';
import { attachedBy, discoveryOf } from './explain-discovery.ts';
import type { Job } from './job.ts';
import type { Labels } from './labels.ts';
import { makeLabels } from './labels.ts';
import { META } from './meta-labels.ts';
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

/**
 * Runs discovery and the jobs over a Pod.
 *
 * @param around what is known of its namespace and its owners
 */
export function explainPod(pod: RunningPod, jobs: readonly Job[], around: Around = {}): PodScrapes {
  const discovered = discoverPod(pod);
  return { pod, discovered, jobs: jobs.map((job) => explainJob(pod, discovered, job, around)) };
}

function explainJob(pod: RunningPod, discovered: readonly Labels[], job: Job, around: Around): JobScrapes {
  const discovery = discoveryOf(pod, job);
  if (discovery.state !== 'discovered') return { job, discovery, found: [], targets: [] };
  const found = attachedBy(pod, job).flatMap((attach) => {
    const { labels: more, unknown } = attachedLabels(pod, attach, around);
    return discovered.map((labels) =>
      findTarget(more.size === 0 ? labels : makeLabels([...labels, ...more]), job, unknown),
    );
  });
  return { job, discovery, found, targets: distinctTargets(found) };
}

/** `web:8080`, or the container alone where it declares no port. */
export function placeOf(labels: Labels): string {
  const [container = '?', port] = [labels.get(META.container), labels.get(META.portNumber)];
  const protocol = labels.get(META.portProtocol) ?? 'TCP';
  return `${container}${port === undefined ? '' : `:${port}`}${protocol === 'TCP' ? '' : `/${protocol}`}`;
}

/** The parts of a target's URL, as Prometheus writes it. */
export interface UrlParts {
  /** In small letters: `HTTPS` is https. */
  readonly scheme: string;
  /** With the brackets of IPv6. */
  readonly host: string;
  /** The scheme's own where none is written. */
  readonly port: number | undefined;
  readonly hasPort: boolean;
  readonly path: string;
  readonly params: URLSearchParams;
}

const URL_SHAPE = /^([a-z][a-z0-9+.-]*):\/\/(\[[^\]]*\]|[^/:?[\]]*)(?::(\d+))?(\/[^?]*)?(?:\?(.*))?$/i;

/** Undefined for what is no sound URL, such as one with a bare IPv6 address. */
export function urlParts(url: string): UrlParts | undefined {
  const [, scheme, host = '', port, path = '/', query = ''] = URL_SHAPE.exec(url) ?? [];
  if (scheme === undefined) return undefined;
  const known = scheme.toLowerCase();
  const usual = known === 'http' ? 80 : known === 'https' ? 443 : undefined;
  const number = port === undefined ? usual : Number(port);
  return {
    scheme: known,
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
