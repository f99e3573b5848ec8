import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { alternativeNames } from '../../src/certificates/names.ts';
import { makeCertificates } from '../../src/certificates/self-signed.ts';

/** A folder that goes with this process. */
export const folder = mkdtempSync(join(tmpdir(), 'podscrape-chart-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** Writes a file of its own and returns its path. */
export function file(name: string, content: string): string {
  const path = join(folder, `${files++}-${name}`);
  writeFileSync(path, content);
  return path;
}

/** An authority and a certificate for names, made now. */
export function certificates(...names: string[]): ReturnType<typeof makeCertificates> {
  return makeCertificates(alternativeNames(names), new Date());
}

/** Two at a time: each is a process. */
export async function inLots<T>(items: readonly T[], of: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 2) await Promise.all(items.slice(at, at + 2).map(of));
}
