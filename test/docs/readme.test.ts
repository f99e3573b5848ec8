import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';

import { parseConfig } from '../../src/config/parse.ts';
import { ANNOTATION_NAMES } from '../../src/core/annotations.ts';
import { inject } from '../../src/core/inject.ts';
import { problemText } from '../../src/core/problem.ts';
import { BUILT_IN_PROFILES } from '../../src/profiles/index.ts';
import { engineConfig } from '../core/support.ts';

const root = join(import.meta.dirname, '../..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
  language,
  text,
}));

/** What the README says must be what happens. */
describe('README', () => {
  it('opens with the two commands, and CI runs the second', () => {
    const commands = blocks.filter(({ language }) => language === 'sh').map(({ text }) => text.trim());
    assert.deepEqual(commands.slice(0, 2), ['npm ci && npm run demo', 'npm ci && npm test']);
    const lines = readFileSync(join(root, '.ci/run'), 'utf8').trim().split('\n');
    assert.equal(lines.at(-1), commands[1]);
  });

  it('quotes the demo as it prints', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '-s', 'demo'], { cwd: root });
    const quoted = blocks.find(({ text }) => text.startsWith('Deployment/gateway'))?.text ?? 'no quotation';
    assert.ok(stdout.includes(quoted), stdout);
    assert.doesNotMatch(stdout, /\u001b/, 'no colours where there is no terminal');
  });

  it('quotes warnings as they are', () => {
    const annotations = { 'podscrape.dev/profle': 'http', 'podscrape.dev/port': '80;' };
    const pod = { metadata: { annotations }, spec: { containers: [{ name: 'web' }] } };
    const { problems } = inject(pod, { namespace: 'shop', trigger: 'object' }, engineConfig()).decision;
    const quoted = blocks.find(({ text }) => text.startsWith('Warning: '))?.text;
    assert.equal(quoted, problems.map((problem) => `Warning: ${problemText(problem)}\n`).join(''));
  });

  it('shows a configuration that is accepted', () => {
    const yaml = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text);
    const configuration = yaml.find((text) => text.startsWith('optIn:')) ?? 'none: 1';
    assert.deepEqual(parseConfig(configuration, 'README.md').ok, true);
  });

  it('names every profile, and only annotations that there are', () => {
    for (const [, name = ''] of readme.matchAll(/`podscrape\.dev\/([a-z-]+)`/g))
      assert.ok(name === 'status' || ANNOTATION_NAMES.some((known) => known === name), name);
    for (const { name } of BUILT_IN_PROFILES) assert.ok(readme.includes(`\`${name}\``), name);
  });
});
