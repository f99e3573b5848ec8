import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { run } from '../cluster/processes.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/offline.md'), 'utf8');
const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));

/** What the page says of commands must be what they print: `$ ` stands before each. */
describe('docs/offline.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-docs-'));
  before(() => {
    const cli = join(root, 'src/cli.ts');
    writeFileSync(join(folder, 'podscrape'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
    chmodSync(join(folder, 'podscrape'), 0o755);
    for (const { language, text } of blocks) {
      const [, name] = /^# (\S+\.yaml)$/m.exec(text) ?? [];
      if (language === 'yaml' && name !== undefined) writeFileSync(join(folder, name), text);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const sessions = blocks
    .filter(({ language }) => language === 'console')
    .flatMap(({ text }) => [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)])
    .map(([, command = '', output = '']) => ({ command, output }));

  it('quotes commands', () => assert.ok(sessions.length === 4, String(sessions.length)));

  for (const { command, output } of sessions) {
    it(`$ ${command}`, async () => {
      const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
      const { stdout } = await run('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], { env, cwd: folder });
      assert.equal(shortened(stdout), output);
    });
  }

  it('names every option of inject', async () => {
    const { stdout } = await run(process.execPath, [join(root, 'src/cli.ts'), 'inject', '--help']);
    const options = [...stdout.matchAll(/^ +(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option);
    assert.ok(options.length > 4, stdout);
    for (const option of options.filter((name) => name !== '--help'))
      assert.ok(page.includes(`\`${option}`), option);
  });
});

/** A record is too long for a page. */
function shortened(text: string): string {
  return text.replaceAll(/(podscrape\.dev\/status: '\{"outcome":"injected").*/g, '$1 …');
}
