// A test runner for Stryker that keeps the modules of the tests loaded and switches from mutant to mutant: a process for
// each of 8,000 mutants would take hours. The tests are those of test/core and some of the edge, collected once (collected.ts).
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import type { InstrumenterContext } from '@stryker-mutator/api/core';
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';
import type {
  DryRunOptions,
  DryRunResult,
  MutantRunOptions,
  MutantRunResult,
  TestResult,
  TestRunner,
} from '@stryker-mutator/api/test-runner';
import fc from 'fast-check';
import type { CollectedTest } from './collected.ts';

/** Those of the core, and those of its edge that tell of a core file what no other does. */
const TESTS = [
  'test/core/**/*.test.ts',
  'test/commands/webhook-config.test.ts',
  'test/webhook/{handler,validate,workloads}.test.ts',
];
/** What takes longer than it tells about a single mutant: properties of thousands of Pods, and texts made to be slow. */
const LEFT_OUT = /properties\.test\.ts$/;
const SLOW = /answers a chain of aliases/;

interface Loaded {
  readonly file: string;
  readonly test: CollectedTest;
}

class InProcessRunner implements TestRunner {
  #tests: readonly Loaded[] | undefined;

  /** A mutant that takes effect while a module is loaded needs a process of its own. */
  capabilities() {
    return { reloadEnvironment: false };
  }

  async dryRun({ disableBail }: DryRunOptions): Promise<DryRunResult> {
    const context = contextOf();
    const tests = await this.#load();
    return this.#run(tests, disableBail, (id) => (context.currentTestId = id));
  }

  async mutantRun(options: MutantRunOptions): Promise<MutantRunResult> {
    const context = contextOf();
    context.activeMutant = options.activeMutant.id;
    context.hitCount = 0;
    if (options.hitLimit === undefined) delete context.hitLimit;
    else context.hitLimit = options.hitLimit;
    const { testFilter } = options;
    const tests = (await this.#load()).filter(
      ({ test }) => testFilter === undefined || testFilter.includes(test.id),
    );
    return toMutantRunResult(await this.#run(tests, options.disableBail, () => undefined));
  }

  async #run(
    tests: readonly Loaded[],
    disableBail: boolean,
    starts: (id: string) => void,
  ): Promise<DryRunResult> {
    const context = contextOf();
    const results: TestResult[] = [];
    for (const { file, test } of tests) {
      starts(test.id);
      const begin = performance.now();
      const failureMessage = await outcome(test);
      const timeout = determineHitLimitReached(context.hitCount, context.hitLimit);
      if (timeout !== undefined) return timeout;
      const about = {
        id: test.id,
        name: test.id,
        fileName: file,
        timeSpentMs: Math.round(performance.now() - begin),
      };
      if (failureMessage === undefined) {
        results.push({ ...about, status: TestStatus.Success });
        continue;
      }
      results.push({ ...about, status: TestStatus.Failed, failureMessage });
      if (!disableBail) break;
    }
    return {
      status: DryRunStatus.Complete,
      tests: results,
      ...(context.mutantCoverage === undefined ? {} : { mutantCoverage: context.mutantCoverage }),
    };
  }

  async #load(): Promise<readonly Loaded[]> {
    if (this.#tests !== undefined) return this.#tests;
    // Which Pod fails first is enough; looking for the smallest one takes seconds.
    fc.configureGlobal({ endOnFailure: true, numRuns: 50 });
    const substitute = pathToFileURL(join(process.cwd(), 'test/mutation/collected.ts')).href;
    registerHooks({
      resolve: (specifier, parent, next) =>
        specifier === 'node:test' ? { url: substitute, shortCircuit: true } : next(specifier, parent),
    });
    const { takeCollected } = (await import(substitute)) as {
      takeCollected: () => readonly CollectedTest[];
    };
    const loaded: Loaded[] = [];
    for (const file of globSync(TESTS).sort()) {
      if (LEFT_OUT.test(file)) continue;
      await import(pathToFileURL(join(process.cwd(), file)).href);
      const tests = takeCollected().filter(({ id }) => !SLOW.test(id));
      loaded.push(...tests.map((test) => ({ file: relative('.', file), test })));
    }
    return (this.#tests = loaded);
  }
}

async function outcome(test: CollectedTest): Promise<string | undefined> {
  try {
    await test.run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function contextOf(): InstrumenterContext {
  const namespace = INSTRUMENTER_CONSTANTS.NAMESPACE;
  const root = globalThis as unknown as Record<string, InstrumenterContext | undefined>;
  return (root[namespace] ??= {});
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'in-process', InProcessRunner)];
