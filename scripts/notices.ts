// The licences of what the bundle is made of: most of them ask that their text goes with every copy.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a package says of itself in its package.json. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** Licences that may go into the bundle: permissive ones, by their SPDX names. Others are a decision for people. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
];

const LICENCE_FILE = /^((un)?licen[cs]e|(copyright)?notice|copying)([-.](md|txt|mit))?$/i;

/** The folders of the packages that files come from, each once, in order; files outside `node_modules` are our own. */
export function packageFolders(files: readonly string[]): string[] {
  const found = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(found)].filter((folder) => folder !== undefined).sort();
}

/**
 * The text of all notices: each package with its version, its licence, and that licence's text.
 * Errors: an Error that names the package whose licence is unknown or not among those allowed.
 */
export function thirdPartyNotices(folders: readonly string[]): string {
  const head = `podscrape contains the software of ${folders.length} packages, under these licences.\n`;
  return [head, ...folders.map(notice)].join(`\n${'-'.repeat(78)}\n\n`);
}

function notice(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as Manifest;
  if (license === undefined || !ALLOWED.includes(license)) {
    throw new Error(
      `${name} ${version}: its licence is ${license ?? 'not told'}; allowed in the bundle are ${ALLOWED.join(', ')}. ` +
        'Read it, then add it to ALLOWED in scripts/notices.ts or replace the package.',
    );
  }
  const texts = readdirSync(folder)
    .filter((file) => LICENCE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`;
}
