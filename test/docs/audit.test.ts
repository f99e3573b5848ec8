import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

import { FINDINGS } from '../../src/audit/finding.ts';
import { run } from '../commands/run.ts';
import { pageText } from './sessions.ts';

describe('docs/audit.md', () => {
  const page = pageText('docs/audit.md');

  it('names every finding, with its level and what it means', () => {
    const rows = [...page.matchAll(/^\| `([a-z-]+)` +\| (\w+) +\| (.*?) +\|$/gm)].map(
      ([, ...cells]) => cells,
    );
    const expected = Object.entries(FINDINGS).map(([code, { level, summary }]) => [code, level, summary]);
    assert.deepEqual(rows, expected);
  });

  it('names every option', async () => {
    const { stdout } = await run('audit', '--help');
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
    assert.ok(options.length > 9, stdout);
    for (const option of options.filter((name) => name !== '--help' && name !== '--output'))
      assert.ok(page.includes(`\`${option}`) || page.includes(` ${option}`), option);
  });

  it('shows the ClusterRole that is printed', async () => {
    const [, shown = ''] = /```yaml\n(apiVersion: rbac[^`]*)```/.exec(page) ?? [];
    assert.deepEqual(parse(shown), parse((await run('audit', '--print-rbac')).stdout));
  });
});
