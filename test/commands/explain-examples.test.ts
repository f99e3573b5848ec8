import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { run } from './run.ts';

const root = join(import.meta.dirname, '../..');
const asIs = { serializers: [(value: string) => value] };

/** What `podscrape explain` says of each example; run with --test-update-snapshots to write them anew. */
suite('podscrape explain -f examples', () => {
  for (const name of readdirSync(join(root, 'examples')).filter((entry) => entry.endsWith('.yaml'))) {
    test(name, async (t) => {
      const { code, stdout, stderr } = await run('explain', '-f', join(root, 'examples', name));
      t.assert.equal(code, 0, stderr);
      const text = stdout.replaceAll(join(root, '/'), '');
      const file = join(import.meta.dirname, 'golden/explain', name.replace(/yaml$/, 'txt'));
      t.assert.fileSnapshot(text, file, asIs);
    });
  }
});
