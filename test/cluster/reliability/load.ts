import type { ControlPlane } from '../control-plane.ts';
import type { PodObject } from '../pods.ts';
import { sleep } from '../wait.ts';

/** What {@link createLoad} can be told. */
export interface LoadOptions {
  readonly perSecond: number;
  /** How many may wait for their answers; the next ones are sent late then. Default 64, less than the API server takes. */
  readonly maxInFlight?: number;
  /** After so many the load ends by itself. */
  readonly total: number;
  /** Whether the Pods stay. Default `pod dry-run`. */
  readonly kind?: 'pod dry-run' | 'pod';
  /** Default: `default`. */
  readonly namespace?: string;
  /** The object of a turn. Default: a Pod that asks for the profile `http`. */
  readonly object?: (turn: number) => object;
}

/** A request that was not answered with 201, and why. */
export interface Failed {
  readonly turn: number;
  /** Nothing where there was no answer at all. */
  readonly status?: number;
  readonly message: string;
}

/** A load that runs; its lists grow until `done` resolves. */
export interface Load {
  /** Resolves to the load itself once the last answer is in. Never rejects. */
  readonly done: Promise<Load>;
  readonly failed: readonly Failed[];
  /** How many were answered with 201. */
  readonly ok: number;
  /** How many of those podscrape has made scrapeable. */
  readonly injected: number;
  /** How many have been sent. */
  readonly sent: number;
  /** Milliseconds to the answer, in the order of the answers. */
  readonly latencies: readonly number[];
  /** Sends no more; `done` resolves after the answers of those under way. */
  stop(): Promise<Load>;
}

/**
 * Creates Pods through the API server at a steady pace, as far as the answers keep up: on a machine that is too slow
 * for the pace the load is what it can take, instead of a queue that grows until everything times out.
 */
export function createLoad(plane: ControlPlane, options: LoadOptions): Load {
  const { perSecond, total, kind = 'pod dry-run', namespace = 'default' } = options;
  const { object = podThatAsks, maxInFlight = 64 } = options;
  const path = `/api/v1/namespaces/${namespace}/pods${kind === 'pod' ? '' : '?dryRun=All'}`;
  const failed: Failed[] = [];
  const latencies: number[] = [];
  const count = { ok: 0, injected: 0, sent: 0 };
  let stopped = false;

  const send = async (turn: number): Promise<void> => {
    const start = performance.now();
    try {
      const { status, body } = await plane.request<PodObject & { message?: string }>(
        'POST',
        path,
        object(turn),
      );
      latencies.push(performance.now() - start);
      if (status !== 201) failed.push({ turn, status, message: body.message ?? '' });
      else count.ok += 1;
      if (status === 201 && isInjected(body)) count.injected += 1;
    } catch (error) {
      failed.push({ turn, message: error instanceof Error ? error.message : String(error) });
    }
  };
  const run = async (): Promise<Load> => {
    const underWay = new Set<Promise<void>>();
    let before = performance.now();
    let due = 1;
    while (!stopped && count.sent < total) {
      const now = performance.now();
      // At most a second's worth: what could not be sent is not sent in a rush later.
      due = Math.min(due + ((now - before) * perSecond) / 1000, perSecond);
      before = now;
      while (due >= 1 && underWay.size < maxInFlight && count.sent < total) {
        due -= 1;
        const sent: Promise<void> = send(count.sent++).finally(() => underWay.delete(sent));
        underWay.add(sent);
      }
      await sleep(1000 / perSecond);
    }
    await Promise.all(underWay);
    return load;
  };

  const load: Load = {
    failed,
    latencies,
    get ok() {
      return count.ok;
    },
    get injected() {
      return count.injected;
    },
    get sent() {
      return count.sent;
    },
    done: Promise.resolve().then(run),
    stop() {
      stopped = true;
      return load.done;
    },
  };
  return load;
}

/** The share `q` (0 to 1) of the values is at most this. Nothing where there are none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** What went, in one line, for a log and for the message of an assertion. */
export function summary({ sent, ok, injected, failed, latencies }: Load): string {
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(latencies, q).toFixed(0));
  return `${sent} sent, ${ok} accepted, ${injected} injected, ${failed.length} failed; p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
}

/** A Pod that podscrape makes scrapeable. */
export function podThatAsks(turn: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `load-${turn}`, annotations: { 'podscrape.dev/profile': 'http' } },
    spec: {
      automountServiceAccountToken: false,
      containers: [{ name: 'web', image: 'example.com/web:1' }],
    },
  };
}

function isInjected(body: PodObject): boolean {
  return body.metadata.annotations?.['prometheus.io/scrape'] === 'true';
}
