import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

import { ensureBinaries } from './binaries.ts';
import { run } from './processes.ts';
import { requireCluster } from './require.ts';

const GOLDEN = join(import.meta.dirname, '../core/golden');

/** Another implementation of JSON Patch on typed objects: what kubectl makes of our golden patches. */
describe(
  'kubectl patch --local agrees with the golden patches',
  await requireCluster('kubectl patch --local'),
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'podscrape-kubectl-'));
    const names = readdirSync(GOLDEN).filter(
      (name) => readFileSync(join(GOLDEN, name, 'patch.json'), 'utf8') !== '[]\n',
    );

    it(`all ${names.length} that are not empty`, async (t) => {
      t.after(() => rmSync(directory, { recursive: true, force: true }));
      const { kubectl } = await ensureBinaries(['kubectl']);
      assert.ok(names.length > 50);
      const patched = async (
        name: string,
        pods: readonly unknown[],
        patch: string,
      ): Promise<readonly unknown[]> => {
        // YAML 1.2 and kubectl's YAML 1.1 read some scalars differently; JSON is the same to both.
        const file = join(directory, `${name}.json`);
        writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: pods }));
        const args = ['patch', '--local', '-f', file, '--type=json', '-p', patch, '-o', 'json'];
        const { code, stdout, stderr } = await run(kubectl, args, { env: { HOME: directory } });
        assert.equal(code, 0, `${name}: ${stderr}`);
        // One object after the other, each ended by the only brace that stands at the beginning of a line.
        return stdout
          .split(/(?<=^\}$)/m)
          .filter((text) => text.trim() !== '')
          .map((text) => JSON.parse(text) as unknown);
      };
      const read = (name: string, file: string): string => readFileSync(join(GOLDEN, name, file), 'utf8');
      const pods = (file: string): readonly unknown[] =>
        names.map((name) => parse(read(name, file)) as unknown);
      const given = pods('pod.yaml');
      // An empty patch, so that kubectl writes the expected objects in its own way too.
      const expected = await patched('expected', pods('expected.yaml'), '[]');
      assert.equal(expected.length, names.length);
      const check = async (index: number, name: string): Promise<void> => {
        const ours = await patched(name, [given[index]], read(name, 'patch.json'));
        assert.deepEqual(ours, [expected[index]], name);
      };
      const queue = [...names.entries()];
      const worker = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await check(...next);
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
    });
  },
);
