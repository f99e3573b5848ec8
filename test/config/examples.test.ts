import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parse, stringify } from 'yaml';

import { advice } from '../../src/config/advice.ts';
import { effectiveConfig } from '../../src/config/effective.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { writtenPrefixes } from '../../src/core/dialects.ts';
import type { EngineConfig } from '../../src/core/engine-config.ts';
import { inject } from '../../src/core/inject.ts';
import type { Pod } from '../../src/core/kubernetes.ts';
import { makePatch } from '../../src/core/patch.ts';
import { problemText } from '../../src/core/problem.ts';

const examples = join(import.meta.dirname, '../../examples/profiles');
const golden = join(import.meta.dirname, 'golden', 'profiles');
const names = readdirSync(examples)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

const asIs = { serializers: [(value: string) => value] };

// Each example has a folder with a Pod that asks for it; the Pod after injection and the warnings are written by
// --test-update-snapshots: read the difference.
suite('examples/profiles', () => {
  for (const name of names) {
    const text = readFileSync(join(examples, `${name}.yaml`), 'utf8');

    test(`${name}: accepted, and nothing to advise`, () => {
      const parsed = parseConfig(text, `${name}.yaml`);
      assert.ok(parsed.ok, parsed.ok ? '' : parsed.problems.join('\n'));
      assert.deepEqual(advice(effectiveConfig(parsed.file), 0), []);
      assert.deepEqual(Object.keys(parsed.file.profiles ?? {}), [name]);
    });

    test(`${name}: in a Pod`, (t) => {
      const parsed = parseConfig(text, `${name}.yaml`);
      assert.ok(parsed.ok);
      const config = effectiveConfig(parsed.file).engine;
      const folder = join(golden, name);
      const pod = parse(readFileSync(join(folder, 'pod.yaml'), 'utf8')) as Pod;
      const surroundings = { namespace: 'team-a', trigger: 'object' } as const;
      const { decision, pod: after } = inject(pod, surroundings, config);
      const warnings = decision.problems.map((problem) => `${problemText(problem)}\n`).join('');
      assert.equal(decision.outcome, 'injected', warnings);
      t.assert.fileSnapshot(warnings, join(folder, 'warnings.txt'), asIs);
      t.assert.fileSnapshot(withoutRecord(after, config), join(folder, 'expected.yaml'), asIs);
      const second = inject(after, surroundings, config).pod;
      assert.deepEqual(makePatch(after, second, config.annotationPrefix, writtenPrefixes(config)), []);
      assert.deepEqual(readdirSync(folder).sort(), ['expected.yaml', 'pod.yaml', 'warnings.txt']);
    });
  }

  test('the table names every file, and every file has its Pod', () => {
    const readme = readFileSync(join(examples, 'README.md'), 'utf8');
    const linked = [...readme.matchAll(/\]\(([a-z-]+)\.yaml\)/g)].map(([, name = '']) => name);
    assert.deepEqual(linked.sort(), names.toSorted());
    assert.deepEqual(readdirSync(golden).sort(), names.toSorted());
  });

  test('all of them together', () => {
    const files = names.map((name) => parse(readFileSync(join(examples, `${name}.yaml`), 'utf8')) as object);
    const all = (key: string): object =>
      Object.assign({}, ...files.map((file) => (file as Record<string, object>)[key])) as object;
    const text = stringify({ profiles: all('profiles'), exporters: all('exporters') });
    const parsed = parseConfig(text, 'all.yaml');
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.problems.join('\n'));
    assert.equal(Object.keys(parsed.file.exporters ?? {}).length, names.length);
  });
});

/** The Pod without `P/status`, which tells of the release and the configuration, and is looked at elsewhere. */
function withoutRecord({ metadata, ...pod }: Pod, { annotationPrefix }: EngineConfig): string {
  const rows = Object.entries(metadata?.annotations ?? {});
  const annotations = Object.fromEntries(rows.filter(([key]) => key !== `${annotationPrefix}/status`));
  return stringify({ metadata: { ...metadata, annotations }, ...pod }, { lineWidth: 0 });
}
