import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import type { StringMap } from '../core/kubernetes.ts';
import { KnownNamespaces } from '../manifests/namespaces.ts';
import { dnsLabel } from './arguments.ts';
import type { CommandIo } from './command.ts';
import { manifestFiles } from './manifest-files.ts';
import type { ManifestFile, MissingFile } from './manifest-files.ts';
import { UsageError } from './usage-error.ts';

/** The options of every command that reads manifests. */
export interface ManifestOptions {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly config?: string;
  readonly namespace?: string;
  readonly namespaceLabels?: StringMap;
}

export function defineFiles(command: Command): void {
  command
    .option(
      '-f, --filename <file>',
      'manifests: a file, a directory, or - for standard input; may be repeated',
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), name],
    )
    .option('-R, --recursive', 'look into the directories below a directory too')
    .option('--config <file>', 'podscrape’s configuration file (default: every default)');
}

export function defineNamespace(command: Command): void {
  command
    .option('-n, --namespace <name>', 'namespace of objects that name none (default: default)', dnsLabel)
    .option(
      '--namespace-labels <key=value,...>',
      'labels of the namespaces, for policies and opting in; a Namespace in the input speaks for itself',
      labels,
    );
}

/** The files that are named. Errors: UsageError when none is. */
export async function filesOf(
  { filename = [], recursive = false }: ManifestOptions,
  { stdin = process.stdin }: CommandIo,
): Promise<readonly (ManifestFile | MissingFile)[]> {
  if (filename.length === 0) throw new UsageError('which manifests? Give -f FILE, -f DIRECTORY or -f -');
  if (filename.filter((name) => name === '-').length > 1)
    throw new UsageError('-f - is given twice, but standard input can be read once only');
  return manifestFiles(filename, { recursive, stdin });
}

export function namespacesOf({ namespace = 'default', namespaceLabels }: ManifestOptions): KnownNamespaces {
  const labels = namespaceLabels === undefined ? {} : { labels: namespaceLabels };
  return new KnownNamespaces({ namespace, ...labels, now: Date.now() });
}

const LABEL =
  /^((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?)=([A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?|)$/;

function labels(text: string): StringMap {
  const parts = text === '' ? [] : text.split(',');
  return Object.fromEntries(
    parts.map((part) => {
      const [, key, value] = LABEL.exec(part.trim()) ?? [];
      if (key === undefined || value === undefined)
        throw new InvalidArgumentError(
          `${JSON.stringify(part)} is no label; it must be key=value,key=value.`,
        );
      return [key, value];
    }),
  );
}
