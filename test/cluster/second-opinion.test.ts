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
      const patched = async (name: string, document: string, patch: string): Promise<unknown> => {
        // YAML 1.2 and kubectl's YAML 1.1 read some scalars differently; JSON is the same to both.
        const file = join(directory, `${name}.json`);
        writeFileSync(file, JSON.stringify(parse(document)));
        const args = ['patch', '--local', '-f', file, '--type=json', '-p', patch, '-o', 'json'];
        const { code, stdout, stderr } = await run(kubectl, args, { env: { HOME: directory } });
        assert.equal(code, 0, `${name}: ${stderr}`);
        return JSON.parse(stdout);
      };
      const read = (name: string, file: string): string => readFileSync(join(GOLDEN, name, file), 'utf8');
      const check = async (name: string): Promise<void> => {
        const ours = await patched(`${name}-ours`, read(name, 'pod.yaml'), read(name, 'patch.json'));
        // An empty patch, so that kubectl writes the expected object in its own way too.
        const expected = await patched(`${name}-expected`, read(name, 'expected.yaml'), '[]');
        assert.deepEqual(ours, expected, name);
      };
      const queue = [...names];
      const worker = async (): Promise<void> => {
        for (let name = queue.shift(); name !== undefined; name = queue.shift()) await check(name);
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
    });
  },
);
