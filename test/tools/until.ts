import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition. Errors: when it has waited ten seconds in vain. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await sleep(5);
  }
}
