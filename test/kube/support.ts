import type { TestContext } from 'node:test';

import { startNamespaceWatch } from '../../src/kube/namespaces.ts';
import type { NamespaceWatch, NamespaceWatchOptions } from '../../src/kube/namespaces.ts';
import { waitFor } from '../cluster/wait.ts';
import { FakeApiServer } from './fake-api-server.ts';

/** One line of the log. */
export interface Line {
  readonly level: 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly reason?: string;
  readonly hint?: string;
}

/** A log that keeps its lines. */
export function keptLog(): NamespaceWatchOptions['log'] & {
  lines: Line[];
  at(level: Line['level']): Line[];
} {
  const lines: Line[] = [];
  const write = (level: Line['level']) => (fields: object, message: string) =>
    void lines.push({ level, message, ...fields });
  return {
    lines,
    at: (level) => lines.filter((line) => line.level === level),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}

/** Short enough for a test, and no failure is an early one but where a test says so. */
export const QUICK = { firstMs: 5, longestMs: 20, settledMs: 0, answerMs: 5_000, graceMs: 60_000 };

/** A watch on the fake, and what it said; both end with the test. */
export async function watched(
  t: Pick<TestContext, 'after'>,
  prepare: (fake: FakeApiServer) => void = () => undefined,
  options: Partial<NamespaceWatchOptions> = {},
) {
  const fake = await FakeApiServer.start(t);
  prepare(fake);
  const log = keptLog();
  const restarts: string[] = [];
  const syncs: number[] = [];
  const watch: NamespaceWatch = startNamespaceWatch({
    server: fake.api,
    annotationPrefix: () => 'podscrape.dev',
    log,
    onRestart: (reason) => restarts.push(reason),
    onSync: (namespaces) => syncs.push(namespaces),
    random: () => 0,
    ...options,
    times: { ...QUICK, ...options.times },
  });
  t.after(() => watch.stop());
  return { fake, watch, log, restarts, syncs };
}

/** Waits until the label `team` of a namespace is `team`. */
export function sees(watch: NamespaceWatch, name: string, team: string): Promise<unknown> {
  const label = () => watch.get(name)?.labels['team'] === team;
  return waitFor(`${name} with team=${team}`, label, { intervalMs: 5 });
}

/** Waits until `condition` holds. */
export function until(description: string, condition: () => boolean): Promise<unknown> {
  return waitFor(description, condition, { intervalMs: 5 });
}
