import { open } from 'node:fs/promises';

import { ioReason } from '../core/io-reason.ts';
import type { Config } from './effective.ts';
import { effectiveConfig } from './effective.ts';
import { parseConfig } from './parse.ts';

export type { Config } from './effective.ts';

/** The configuration in force, or all that is wrong with the file: one line each, ready to print. */
export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly string[] };

/** A ConfigMap holds at most 1 MiB; a larger file is not a configuration. In bytes. */
const LIMIT = 1024 * 1024;

/** A file's text, or what is wrong with it. */
export type ReadResult = { readonly text: string } | { readonly problem: string };

/** Loads a configuration file; without one, every default. A file that cannot be read is a problem, not an exception. */
export async function loadConfig(file?: string): Promise<LoadResult> {
  if (file === undefined) return { ok: true, config: effectiveConfig({}) };
  return configOf(await readConfig(file), file);
}

/** The configuration that a text says; `name` is the file's name for problems. */
export function configOf(content: ReadResult, name: string): LoadResult {
  if ('problem' in content) return { ok: false, problems: [`${name}: ${content.problem}`] };
  const parsed = parseConfig(content.text, name);
  return parsed.ok ? { ok: true, config: effectiveConfig(parsed.file) } : parsed;
}

/** Reads a file, its text not yet looked at. */
export async function readConfig(file: string): Promise<ReadResult> {
  try {
    return decodeConfig(await readAtMost(file, LIMIT + 1));
  } catch (error) {
    return { problem: ioReason(error) };
  }
}

/** Bytes as text, when they can be that of a configuration file. */
export function decodeConfig(bytes: Uint8Array): ReadResult {
  if (bytes.length > LIMIT) return { problem: 'larger than 1 MiB; that is no configuration file' };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { problem: 'not UTF-8 text' };
  }
}

/** Not by the file's size: pipes and /proc have none. */
async function readAtMost(file: string, limit: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(limit);
    let length = 0;
    while (length < limit) {
      const { bytesRead } = await handle.read(buffer, length, limit - length, null);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } finally {
    await handle.close();
  }
}
