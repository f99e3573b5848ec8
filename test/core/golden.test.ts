import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fastJsonPatch from 'fast-json-patch';
import { parse, stringify } from 'yaml';
import type { ConfigFile } from '../../src/config/schema.ts';
import { writtenPrefixes } from '../../src/core/dialects.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { makePatch } from '../../src/core/patch.ts';
import { problemText } from '../../src/core/problem.ts';
import type { Surroundings } from '../../src/core/surroundings.ts';
import { engineConfig } from './support.ts';

/**
 * One folder a case: `pod.yaml`, and `case.yaml` where the surroundings or the configuration matter; what comes out
 * is `decision.txt`, `warnings.txt`, `patch.json` and `expected.yaml`. Run with --test-update-snapshots to write them,
 * then read every line of the difference.
 */
const root = join(import.meta.dirname, 'golden');
const INPUTS = ['pod.yaml', 'case.yaml'];
const OUTPUTS = ['decision.txt', 'expected.yaml', 'patch.json', 'warnings.txt'];

interface Case extends Partial<Surroundings> {
  readonly config?: ConfigFile;
}

const asIs = { serializers: [(value: string) => value] };

describe('golden Pods', () => {
  for (const name of readdirSync(root).sort()) {
    it(name, (t) => {
      const folder = join(root, name);
      const pod = parse(readFileSync(join(folder, 'pod.yaml'), 'utf8')) as Pod;
      const casePath = join(folder, 'case.yaml');
      const given = (existsSync(casePath) ? parse(readFileSync(casePath, 'utf8')) : {}) as Case;
      const { config: file, ...where } = given;
      const config = engineConfig(file);
      const surroundings: Surroundings = { namespace: 'team-a', trigger: 'object', ...where };

      const frozen = deepFreeze(pod);
      const { decision, pod: after } = inject(frozen, surroundings, config);
      const patch = makePatch(frozen, after, config.annotationPrefix, writtenPrefixes(config));

      const targets = decision.targets.map((target) => `${JSON.stringify(target)}\n`).join('');
      const violations = decision.violations
        .map(({ convention, severity }) => `off convention ${convention} ${severity}\n`)
        .join('');
      const warnings = decision.problems.map((problem) => `${problemText(problem)}\n`).join('');
      t.assert.fileSnapshot(
        `${decision.outcome} ${decision.reason}\n${targets}${violations}`,
        join(folder, 'decision.txt'),
        asIs,
      );
      t.assert.fileSnapshot(warnings, join(folder, 'warnings.txt'), asIs);
      t.assert.fileSnapshot(`${JSON.stringify(patch, null, 2)}\n`, join(folder, 'patch.json'), asIs);
      t.assert.fileSnapshot(stringify(after, { lineWidth: 0 }), join(folder, 'expected.yaml'), asIs);

      // Longer ones are cut on their way to kubectl, and the remedy stands at the end.
      const long = decision.problems.map(problemText).filter((text) => text.length > 120);
      assert.deepEqual(long, []);

      const applied = fastJsonPatch.applyPatch(
        structuredClone(pod),
        structuredClone([...patch]),
        true,
      ).newDocument;
      assert.deepEqual(applied, after, 'applying the patch gives the result');
      const second = inject(after, surroundings, config);
      assert.deepEqual(
        makePatch(after, second.pod, config.annotationPrefix, writtenPrefixes(config)),
        [],
        'the second pass is an empty patch',
      );
      assert.deepEqual(second.decision.targets, decision.targets, 'the second pass sees the same targets');

      const files = readdirSync(folder);
      const missing = OUTPUTS.filter((file) => !files.includes(file));
      const extra = files.filter((file) => !OUTPUTS.includes(file) && !INPUTS.includes(file));
      assert.deepEqual({ missing, extra }, { missing: [], extra: [] });
    });
  }
});

/** The engine must never write into what it was given; frozen, a write throws. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
