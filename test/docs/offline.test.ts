import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { run } from '../cluster/processes.ts';
import { checkSessions, pageText } from './sessions.ts';

const root = join(import.meta.dirname, '../..');

describe('docs/offline.md', () => {
  const page = pageText('docs/offline.md');
  checkSessions(page, 5);

  it('names every option of inject', async () => {
    const { stdout } = await run(process.execPath, [join(root, 'src/cli.ts'), 'inject', '--help']);
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
    assert.ok(options.length > 4, stdout);
    for (const option of options.filter((name) => name !== '--help'))
      assert.ok(page.includes(`\`${option}`), option);
  });
});
