import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { Command } from 'commander';

import { define } from '../../src/commands/scrape-config.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/scrape-config.md'), 'utf8');

suite('docs/scrape-config.md', () => {
  const command = new Command();
  define(command);
  const options = command.options.flatMap(({ long }) => long ?? []);

  test('names no option that the command has not', () => {
    const named = new Set([...page.matchAll(/(?<![-\w])--[a-z][-a-z]+/g)].map(([option]) => option));
    assert.ok(named.size > 20);
    assert.deepEqual(
      [...named].filter((option) => !options.includes(option)),
      [],
    );
  });

  test('names every choice of roles', () => {
    const roles = command.options.find(({ long }) => long === '--role')?.argChoices ?? [];
    for (const role of roles.filter((name) => name !== 'pod')) assert.match(page, new RegExp(`\`${role}\``));
  });
});
