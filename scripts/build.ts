// Builds dist/podscrape.js: one file that needs nothing but Node.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { build as esbuild } from 'esbuild';

const root = resolve(import.meta.dirname, '..');

/** Bundles the command line into one file, executable because cli.ts begins with `#!`. Errors: esbuild's, which it has also printed. */
export async function build(outfile: string): Promise<void> {
  await esbuild({
    entryPoints: [join(root, 'src', 'cli.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    // Dependencies in CommonJS call require() for Node's own modules, which an ES module does not have.
    banner: {
      js: [
        "import { createRequire as podscrapeCreateRequire } from 'node:module';",
        'const require = podscrapeCreateRequire(import.meta.url);',
      ].join('\n'),
    },
    // Names in stack traces and in `error.name` stay as they are written.
    keepNames: true,
    // Licences that must go with the code.
    legalComments: 'eof',
    sourcemap: false,
    logLevel: 'warning',
  });
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { outfile: { type: 'string' } } });
  const outfile = resolve(values.outfile ?? join(root, 'dist', 'podscrape.js'));
  await build(outfile);
  console.error(`built ${outfile}`);
}
