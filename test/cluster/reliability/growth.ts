import { readFileSync, readdirSync } from 'node:fs';

import type { Webhook } from '../webhook.ts';
import { seriesOf } from './series.ts';

/** What a process holds at one moment. */
export interface Sample {
  /** Bytes of memory that are its own, from proc(5): VmRSS without the pages of files. */
  readonly memory: number;
  readonly openFiles: number;
}

/** Reads what a process holds. Linux only, as the control plane's tests are. */
export function sampleOf(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { memory: kilobytes * 1024, openFiles: readdirSync(`/proc/${pid}/fd`).length };
}

/** What a webhook that was started with `collect.ts` holds once its garbage is gone. */
export interface LiveSample extends Sample {
  /** Bytes of objects, and of buffers outside of the heap. */
  readonly live: number;
}

/** Has the garbage collected, and reads what is left. */
export async function liveSampleOf(webhook: Pick<Webhook, 'process' | 'healthPort'>): Promise<LiveSample> {
  process.kill(webhook.process.pid, 'SIGUSR2');
  // The signal is handled before the request that is sent after it, or with the next one: a sample is off by seconds.
  const series = await seriesOf(webhook);
  const bytes = (name: string): number => series.get(name) ?? Number.NaN;
  const live = bytes('nodejs_heap_size_used_bytes') + bytes('nodejs_external_memory_bytes');
  return { ...sampleOf(webhook.process.pid), live };
}

/**
 * How much more the last quarter of the values is than the second one, by their medians: the first quarter is the time
 * in which caches fill and the heap finds its size.
 */
export function growthOf(values: readonly number[]): number {
  const quarter = Math.floor(values.length / 4);
  return median(values.slice(-quarter)) - median(values.slice(quarter, 2 * quarter));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
