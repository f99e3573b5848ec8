import { readFileSync, readdirSync } from 'node:fs';

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
