import type { Command } from 'commander';

import { injectDocument } from '../manifests/rewrite.ts';
import type { CommandIo } from './command.ts';
import { defineFiles, defineNamespace, namespacesOf } from './manifest-options.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { rewriteManifests } from './rewrite.ts';

export function define(command: Command): void {
  defineFiles(command);
  defineNamespace(command);
  command.addHelpText(
    'after',
    `
Decides as the webhook would, and prints the manifests with what it adds; every other byte
stays as it is. A workload gets it in its pod template, and the webhook then finds nothing
left to do. What people should know goes to standard error.

Example: podscrape inject -f deployment.yaml | kubectl apply -f -`,
  );
}

/** Prints manifests with the injection in them. */
export async function run(options: ManifestOptions, io: CommandIo): Promise<number> {
  const namespaces = namespacesOf(options);
  return rewriteManifests(options, io, (config) => (text) => injectDocument(text, namespaces, config));
}
