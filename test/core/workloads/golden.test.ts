import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fastJsonPatch from 'fast-json-patch';
import { parse, stringify } from 'yaml';
import type { ConfigFile } from '../../../src/config/schema.ts';
import type { EngineConfig } from '../../../src/core/engine-config.ts';
import { problemText } from '../../../src/core/problem.ts';
import type { Surroundings } from '../../../src/core/surroundings.ts';
import type { WorkloadKind } from '../../../src/core/workload-kinds.ts';
import { admitWorkload } from '../../../src/core/workloads/admit.ts';
import { makeWorkloadPatch } from '../../../src/core/workloads/patch.ts';
import { engineConfig } from '../support.ts';

/**
 * One folder a case: `object.yaml`, `old.yaml` for an update, and `case.yaml` where the surroundings or the
 * configuration matter; what comes out is `decision.txt`, `warnings.txt`, `patch.json` and `expected.yaml`. Run with
 * --test-update-snapshots to write them, then read every line of the difference.
 */
const root = join(import.meta.dirname, 'golden');
const INPUTS = ['object.yaml', 'old.yaml', 'case.yaml'];
const OUTPUTS = ['decision.txt', 'expected.yaml', 'patch.json', 'warnings.txt'];

interface Case extends Partial<Surroundings> {
  readonly config?: ConfigFile;
}

const asIs = { serializers: [(value: string) => value] };

describe('golden workloads', () => {
  for (const name of readdirSync(root).sort()) {
    it(name, (t) => {
      const folder = join(root, name);
      const read = (file: string): unknown =>
        existsSync(join(folder, file)) ? parse(readFileSync(join(folder, file), 'utf8')) : undefined;
      const { config: file, ...given } = (read('case.yaml') ?? {}) as Case;
      const config = engineConfig(file);
      const surroundings: Surroundings = { namespace: 'team-a', trigger: 'object', ...given };
      const object = deepFreeze(read('object.yaml'));
      const oldObject = deepFreeze(read('old.yaml'));
      const operation = oldObject === undefined ? 'CREATE' : 'UPDATE';
      const admission = { kind: kindOf(object, config), operation, object, oldObject } as const;

      const { decision, object: after } = admitWorkload(admission, surroundings, config);
      const patch = makeWorkloadPatch(admission, after, config);

      const targets = decision.targets.map((target) => `${JSON.stringify(target)}\n`).join('');
      const warnings = decision.problems.map((problem) => `${problemText(problem)}\n`).join('');
      const snapshot = (text: string, output: string): void =>
        t.assert.fileSnapshot(text, join(folder, output), asIs);
      snapshot(`${decision.outcome} ${decision.reason}\n${targets}`, 'decision.txt');
      snapshot(warnings, 'warnings.txt');
      snapshot(`${JSON.stringify(patch, null, 2)}\n`, 'patch.json');
      snapshot(stringify(after, { lineWidth: 0 }), 'expected.yaml');

      // Longer ones are cut on their way to kubectl, and the remedy stands at the end.
      const long = decision.problems.map(problemText).filter((text) => text.length > 120);
      assert.deepEqual(long, []);

      const copy = structuredClone([...patch]);
      const applied = fastJsonPatch.applyPatch(structuredClone(object), copy, true).newDocument;
      assert.deepEqual(applied, after, 'applying the patch gives the result');
      if (patch.length === 0) assert.equal(after, object, 'nothing changed is the very same object');
      const passes = {
        'a second pass': { ...admission, object: after },
        'an update that changes nothing': {
          ...admission,
          operation: 'UPDATE',
          object: after,
          oldObject: after,
        },
      } as const;
      for (const [pass, again] of Object.entries(passes)) {
        const second = admitWorkload(again, surroundings, config);
        assert.deepEqual(makeWorkloadPatch(again, second.object, config), [], pass);
      }

      const files = readdirSync(folder);
      const missing = OUTPUTS.filter((output) => !files.includes(output));
      const extra = files.filter((output) => !OUTPUTS.includes(output) && !INPUTS.includes(output));
      assert.deepEqual({ missing, extra }, { missing: [], extra: [] });
    });
  }
});

function kindOf(object: unknown, { workloadKinds }: EngineConfig): WorkloadKind {
  const { apiVersion, kind } = object as { readonly apiVersion: string; readonly kind: string };
  const found = workloadKinds.find(
    (row) => row.kind === kind && [row.group, row.version].filter(Boolean).join('/') === apiVersion,
  );
  assert.ok(found !== undefined, `${apiVersion} ${kind} is a workload`);
  return found;
}

/** The engine must never write into what it was given; frozen, a write throws. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
