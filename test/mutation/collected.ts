import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/**
 * Stands in for `node:test` while mutants are tried: it collects the tests of a file instead of running them, so that
 * the runner can run them again and again in one process.
 */
export interface CollectedTest {
  /** The names of its suites and its own. */
  readonly id: string;
  readonly run: () => Promise<void>;
}

interface Context {
  readonly assert: { fileSnapshot(value: string, path: string): void };
  after(hook: () => unknown): void;
}

type Body = (context: Context) => unknown;

const collected: CollectedTest[] = [];
const suites: string[] = [];

export function takeCollected(): readonly CollectedTest[] {
  return collected.splice(0);
}

export function describe(name: string, body: () => void): void {
  suites.push(name);
  body();
  suites.pop();
}

export function it(name: string, body: Body): void {
  const id = [...suites, name].join(' > ');
  const run = async (): Promise<void> => {
    const hooks: (() => unknown)[] = [];
    try {
      await body({ assert: snapshots, after: (hook) => void hooks.push(hook) });
    } finally {
      for (const hook of hooks) await hook();
    }
  };
  collected.push({ id, run });
}

export const test = it;
export const suite = describe;

const snapshots: Context['assert'] = {
  fileSnapshot(value, path) {
    assert.equal(value.trim(), readFileSync(path, 'utf8').trim());
  },
};
