import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { writtenPrefixes } from '../../src/core/dialects.ts';
import type { EngineConfig, WorkloadMode } from '../../src/core/engine-config.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { makePatch } from '../../src/core/patch.ts';
import { admitWorkload } from '../../src/core/workloads/admit.ts';
import { makeWorkloadPatch } from '../../src/core/workloads/patch.ts';
import { isFault, readManifest } from '../../src/manifests/manifest.ts';
import { objectsIn } from '../../src/manifests/objects.ts';
import { configurations } from '../core/arbitrary.ts';
import { engineConfig } from '../core/support.ts';
import { manifests } from './arbitrary.ts';
import { injected, takenOut } from './support.ts';

const runs = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 200),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20261121),
  endOnFailure: process.env['PROPERTY_FAST'] !== undefined,
};

/** What the webhook would do with an object that arrives. */
function admissionPatches(text: string, config: EngineConfig, workloads: WorkloadMode): readonly unknown[] {
  const document = readManifest(text);
  assert.ok(!isFault(document));
  const settings = { ...config, workloads };
  const where = { namespace: 'team-a', trigger: 'unknown', now: 0 } as const;
  return objectsIn(document.value, config).flatMap(({ type, value }): readonly unknown[] => {
    if (type === 'other') return [];
    if (type === 'pod') {
      const pod = value as unknown as Pod;
      const after = inject(pod, where, settings).pod;
      return makePatch(pod, after, settings.annotationPrefix, writtenPrefixes(settings));
    }
    const admission = { kind: type, operation: 'CREATE', object: value, oldObject: undefined } as const;
    return makeWorkloadPatch(admission, admitWorkload(admission, where, settings).object, settings);
  });
}

/** No pass has been over it. Comments in odd places make some of them no YAML at all. */
function isFresh(text: string): boolean {
  const read = readManifest(text);
  if (isFault(read)) return false;
  const values = JSON.stringify(read.value, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return !/podscrape\.dev\/(?:status|hoisted|mapping)/.test(values);
}

describe('manifests in every style', () => {
  it('come out as they went in, change no more the second time, and leave the webhook nothing to do', () => {
    let changed = 0;
    fc.assert(
      fc.property(manifests, configurations, (text, file) => {
        fc.pre(isFresh(text) && file.adopt !== 'on');
        const config = engineConfig(file);
        const once = injected(text, config);
        const unsound = once.findings.filter(({ message }) => /^column|a bug in podscrape/.test(message));
        assert.deepEqual(unsound, []);
        if (once.text !== text) changed += 1;
        assert.equal(injected(once.text, config).text, once.text, 'a second pass');
        assert.equal(takenOut(once.text, config).text, text, 'taken out');
        for (const workloads of ['hoist', 'inject'] as const)
          assert.deepEqual(admissionPatches(once.text, config, workloads), [], workloads);
      }),
      runs,
    );
    assert.ok(changed > runs.numRuns / 10, `${changed} of them were injected`);
  });
});
