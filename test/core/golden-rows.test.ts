// Every row of the tables has its golden folder: a new reason, kind of problem or annotation without one fails here.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import type { ConfigFile } from '../../src/config/schema.ts';
import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import type { Decision } from '../../src/core/decision.ts';
import { REASONS } from '../../src/core/decision.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { PROBLEM_CODES } from '../../src/core/problem.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';
import { BUILT_IN_PROFILES } from '../../src/profiles/index.ts';
import { engineConfig } from './support.ts';

interface Case extends Partial<Surroundings> {
  readonly config?: ConfigFile;
}

const root = join(import.meta.dirname, 'golden');
const workloads = join(import.meta.dirname, 'workloads/golden');
const names = readdirSync(root);
const text = names
  .flatMap((name) => ['pod.yaml', 'case.yaml'].map((file) => join(root, name, file)))
  .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
  .join('\n');
const decide = (name: string): Decision => {
  const folder = join(root, name);
  const pod = parse(readFileSync(join(folder, 'pod.yaml'), 'utf8')) as Pod;
  const file = join(folder, 'case.yaml');
  const { config, ...where } = (existsSync(file) ? parse(readFileSync(file, 'utf8')) : {}) as Case;
  return inject(pod, { namespace: 'team-a', trigger: 'object', ...where }, engineConfig(config)).decision;
};
/** Not before a test asks for them: what is done while a file is loaded counts as done by every test in it. */
let made: readonly Decision[] | undefined;
const decisions = (): readonly Decision[] => (made ??= names.map(decide));

/** Said of workloads only, each with what it says: test/core/workloads/golden has them. */
const OF_WORKLOADS: ReadonlyMap<string, RegExp> = new Map([
  ['one-replica', /; one [-a-z]+ is enough: /],
  ['left-behind', /: stays, as no profile sets it; /],
]);

/** Said by the edge, not by the engine: test/webhook/ has them. */
const OF_THE_EDGE = ['unsupported', 'self-check', 'error'];

describe('every row has a golden folder', () => {
  it('reasons', () => {
    const ofWorkloads = readdirSync(workloads).map(
      (name) => readFileSync(join(workloads, name, 'decision.txt'), 'utf8').split(/\s/, 2)[1],
    );
    const seen = new Set<string | undefined>([...decisions().map(({ reason }) => reason), ...ofWorkloads]);
    const missing = Object.keys(REASONS).filter(
      (reason) => !seen.has(reason) && !OF_THE_EDGE.includes(reason),
    );
    assert.deepEqual(missing, []);
  });

  it('kinds of problems', () => {
    const seen = new Set<string>(decisions().flatMap(({ problems }) => problems.map(({ code }) => code)));
    const missing = Object.keys(PROBLEM_CODES).filter((code) => !seen.has(code) && !OF_WORKLOADS.has(code));
    assert.deepEqual(missing, []);
  });

  it('kinds of problems of workloads', () => {
    const warnings = readdirSync(workloads).map((name) =>
      readFileSync(join(workloads, name, 'warnings.txt'), 'utf8'),
    );
    for (const [code, text] of OF_WORKLOADS) {
      assert.ok(Object.hasOwn(PROBLEM_CODES, code));
      assert.ok(
        warnings.some((warning) => text.test(warning)),
        code,
      );
    }
  });

  it('annotations, but those of features to come', () => {
    const missing = ANNOTATION_NAMES.filter((name) => !text.includes(`podscrape.dev/${name}`));
    assert.deepEqual(missing, ['monitor-labels']);
  });

  it('conventions', () => {
    const seen = new Set(
      decisions().flatMap(({ violations }) => violations.map(({ convention }) => convention)),
    );
    assert.equal(seen.size, 7);
  });

  it('profiles', () => {
    const seen = new Set(decisions().flatMap(({ profiles }) => profiles));
    const missing = BUILT_IN_PROFILES.map(({ name }) => name).filter((name) => !seen.has(name));
    assert.deepEqual(missing, []);
  });
});
