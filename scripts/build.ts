// Builds dist/podscrape.js, one file that needs nothing but Node; beside it the licences and the SBOM of what is in it.
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { cyclonedxEsbuildPlugin } from '@cyclonedx/cyclonedx-esbuild';
import { build as esbuild } from 'esbuild';
import type { Plugin } from 'esbuild';

import { packageFolders, thirdPartyNotices } from './notices.ts';

const root = resolve(import.meta.dirname, '..');

/**
 * Bundles the command line into one file, executable because cli.ts begins with `#!`. Resolves with the paths of all
 * that is in it. Errors: esbuild's, which it has also printed.
 */
export async function build(outfile: string, plugins: Plugin[] = []): Promise<string[]> {
  const { metafile } = await esbuild({
    absWorkingDir: root,
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
    metafile: true,
    plugins,
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => join(root, file));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { outfile: { type: 'string' } } });
  const outfile = resolve(values.outfile ?? join(root, 'dist', 'podscrape.js'));
  const beside = (name: string): string => join(dirname(outfile), name);
  const sbom = cyclonedxEsbuildPlugin({ outputFile: beside('sbom.cdx.json'), outputReproducible: true });
  const files = await build(outfile, [sbom]);
  writeFileSync(beside('THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(packageFolders(files)));
  console.error(`built ${outfile}, and beside it sbom.cdx.json and THIRD-PARTY-NOTICES.txt`);
}
