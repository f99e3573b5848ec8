import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { WRITTEN } from '../../scripts/docs-annotations.ts';
import { pages } from '../../scripts/docs.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { ConfigFile } from '../../src/config/schema.ts';
import { isWrittenByPodscrape } from '../../src/core/annotations.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

suite('generated pages', () => {
  test('are up to date; if not: npm run docs', async () => {
    for (const [path, text] of await pages()) assert.equal(read(path), text, path);
  });

  test('every example of the configuration is accepted', () => {
    const examples = yamlBlocks('docs/configuration.md');
    assert.equal(examples.length, Object.keys(ConfigFile.properties).length + 1);
    for (const text of examples) assert.deepEqual(problemsOf(text), [], text);
  });

  test('the whole file sets every key', () => {
    const whole = yamlBlocks('docs/configuration.md').at(-1) ?? '';
    const parsed = parseConfig(whole, 'configuration.md');
    assert.ok(parsed.ok);
    assert.deepEqual(Object.keys(parsed.file), Object.keys(ConfigFile.properties));
  });

  test('what podscrape writes is known as such', () => {
    for (const name of Object.keys(WRITTEN)) assert.ok(isWrittenByPodscrape(name), name);
  });
});

function yamlBlocks(path: string): string[] {
  return [...read(path).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
}

function problemsOf(text: string): readonly string[] {
  const parsed = parseConfig(text, 'configuration.md');
  return parsed.ok ? [] : parsed.problems;
}
