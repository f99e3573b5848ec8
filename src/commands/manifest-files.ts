import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { ioReason } from '../core/io-reason.ts';

/** A source of manifests: its name for people, and its bytes. */
export interface ManifestFile {
  readonly name: string;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** What was named and cannot be had, in words. */
export interface MissingFile {
  readonly name: string;
  readonly problem: string;
}

const MANIFEST = /\.(?:ya?ml|json)$/;

/**
 * The files behind the names given with -f, in their order: a file, `-` for standard input, or a directory's manifests
 * in the order of their names.
 */
export async function manifestFiles(
  names: readonly string[],
  { recursive, stdin }: { readonly recursive: boolean; readonly stdin: NodeJS.ReadableStream },
): Promise<readonly (ManifestFile | MissingFile)[]> {
  const found = names.map(async (name): Promise<readonly (ManifestFile | MissingFile)[]> => {
    if (name === '-') return [{ name: 'standard input', open: () => bytesOf(stdin) }];
    try {
      if (!(await stat(name)).isDirectory()) return [fileAt(name)];
      const files = await filesIn(name, recursive);
      if (files.length > 0) return files.map(fileAt);
      const more = recursive ? '' : '; -R looks into the directories below it too';
      return [{ name, problem: `has no *.yaml, *.yml or *.json${more}` }];
    } catch (error) {
      return [{ name, problem: ioReason(error) }];
    }
  });
  return (await Promise.all(found)).flat();
}

function fileAt(name: string): ManifestFile {
  return { name, open: () => createReadStream(name) };
}

async function filesIn(folder: string, recursive: boolean): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found: string[] = [];
  for (const entry of sorted) {
    const path = join(folder, entry.name);
    // A link counts as what it leads to.
    const isFolder = entry.isSymbolicLink() ? (await stat(path)).isDirectory() : entry.isDirectory();
    if (isFolder) found.push(...(recursive && !entry.isSymbolicLink() ? await filesIn(path, recursive) : []));
    else if (MANIFEST.test(entry.name)) found.push(path);
  }
  return found;
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}
