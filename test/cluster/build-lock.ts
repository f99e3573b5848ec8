import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isRunning } from './processes.ts';
import { sleep } from './wait.ts';

/** A holder shows every few seconds that it lives; one that has not for so long is another process with its pid. */
const STALE_MS = 10 * 60_000;
const HEARTBEAT_MS = 5000;

/**
 * Runs `action` while no other process runs one under the same lock file; the others wait and call `waiting` about
 * every ten seconds. The lock of a process that has died is taken over.
 *
 * It saves work and is not what keeps the cache whole: should two processes hold it after all, both build, each in
 * its own folder, and the later rename wins.
 */
export async function withLock<T>(
  file: string,
  waiting: (pid: number, seconds: number) => void,
  action: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const started = performance.now();
  let nextWord = 0;
  while (!(await acquire(file))) {
    const pid = await livingHolder(file);
    if (pid === undefined) continue;
    const seconds = Math.round((performance.now() - started) / 1000);
    if (seconds >= nextWord) {
      waiting(pid, seconds);
      nextWord = seconds + 10;
    }
    await sleep(200);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    // A lock that is gone was taken over; the build goes on and stays harmless, as said above.
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await action();
  } finally {
    clearInterval(heartbeat);
    await rm(file, { force: true });
  }
}

/** Creates the lock file with its content in one step: nobody sees it empty. */
async function acquire(file: string): Promise<boolean> {
  const own = `${file}.${process.pid}`;
  await writeFile(own, String(process.pid));
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/** The pid of the live holder; undefined when the lock is free now, having been given up or removed as stale. */
async function livingHolder(file: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(file, 'utf8'));
    const { mtimeMs } = await stat(file);
    if (isRunning(pid) && Date.now() - mtimeMs < STALE_MS) return pid;
    // Renamed before it is removed: of two that see the same dead holder, only one moves the file.
    const grave = `${file}.stale-${process.pid}`;
    await rename(file, grave);
    await rm(grave, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return undefined;
}
