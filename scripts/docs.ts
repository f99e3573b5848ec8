// Writes the reference pages under docs/ from the tables and the schema that they describe; `npm run docs`.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { format, resolveConfig } from 'prettier';

import { annotationsPage } from './docs-annotations.ts';
import { configurationPage } from './docs-configuration.ts';
import { profilesPage } from './docs-profiles.ts';

const root = resolve(import.meta.dirname, '..');

/** The pages by path, as text that is not formatted yet. */
const PAGES: Readonly<Record<string, () => string>> = {
  'docs/annotations.md': annotationsPage,
  'docs/configuration.md': configurationPage,
  'docs/profiles.md': profilesPage,
};

/** The generated pages by path below the repository, formatted as `npm run format` leaves them. */
export async function pages(): Promise<ReadonlyMap<string, string>> {
  const made = Object.entries(PAGES).map(async ([path, page]) => {
    const filepath = join(root, path);
    return [path, await format(page(), { ...(await resolveConfig(filepath)), filepath })] as const;
  });
  return new Map(await Promise.all(made));
}

if (import.meta.main) {
  for (const [path, text] of await pages()) {
    writeFileSync(join(root, path), text);
    console.error(`wrote ${path}`);
  }
}
