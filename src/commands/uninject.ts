import type { Command } from 'commander';

import { uninjectDocument } from '../manifests/rewrite.ts';
import type { CommandIo } from './command.ts';
import { defineFiles } from './manifest-options.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { rewriteManifests } from './rewrite.ts';

export function define(command: Command): void {
  defineFiles(command);
  command.addHelpText(
    'after',
    `
Takes out what podscrape inject, or the webhook, put into the manifests and wrote down in
their annotation podscrape.dev/status; every other byte stays as it is.

Example: podscrape uninject -f deployment.yaml`,
  );
}

/** Prints manifests without what podscrape put there. */
export async function run(options: ManifestOptions, io: CommandIo): Promise<number> {
  return rewriteManifests(options, io, (config) => (text) => uninjectDocument(text, config));
}
