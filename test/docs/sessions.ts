import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, it } from 'node:test';

import { run } from '../cluster/processes.ts';

const root = join(import.meta.dirname, '../..');

/** The text of a page below the repository. */
export function pageText(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/**
 * Tests that what a page says of commands is what they print: in its `console` blocks `$ ` stands before each. Its YAML
 * blocks that begin with a line such as `# app.yaml` are files beside them, and so is `examples/`.
 *
 * @param count how many commands there are, so that none is overlooked
 */
export function checkSessions(page: string, count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'podscrape-docs-'));
  const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
  before(() => {
    const cli = join(root, 'src/cli.ts');
    writeFileSync(join(folder, 'podscrape'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
    chmodSync(join(folder, 'podscrape'), 0o755);
    symlinkSync(join(root, 'examples'), join(folder, 'examples'));
    for (const { language, text } of blocks) {
      const [, name] = /^# (\S+\.ya?ml)$/m.exec(text) ?? [];
      if (language === 'yaml' && name !== undefined) writeFileSync(join(folder, name), text);
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const sessions = blocks
    .filter(({ language }) => language === 'console')
    .flatMap(({ text }) => [...text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)])
    .map(([, command = '', output = '']) => ({ command, output }));

  it('quotes commands', () => assert.equal(sessions.length, count));

  for (const { command, output } of sessions) {
    it(`$ ${command}`, async () => {
      const env = { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` };
      const { stdout } = await run('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], { env, cwd: folder });
      assert.equal(shortened(stdout), output);
    });
  }
}

/** A record is too long for a page. */
function shortened(text: string): string {
  return text.replaceAll(/(podscrape\.dev\/status: '\{"outcome":"injected").*/g, '$1 …');
}
