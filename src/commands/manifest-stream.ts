import { once } from 'node:events';

import { ioReason } from '../core/io-reason.ts';
import { splitDocuments } from '../manifests/documents.ts';
import type { Finding } from '../manifests/findings.ts';
import { positionAt } from '../manifests/manifest.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import type { ManifestFile, MissingFile } from './manifest-files.ts';

/** One document of the input, as text. */
export interface InputDocument {
  readonly file: string;
  /** Of its first line in the file, and of the document in the file; both counted from 1. */
  readonly line: number;
  readonly number: number;
  readonly text: string;
}

/** Bytes that are no text are handed on as they are. */
export type Input =
  | InputDocument
  | { readonly file: string; readonly line: number; readonly number: number; readonly bytes: Uint8Array }
  | MissingFile;

/** Every document of every file in its order; one at a time, however large the input is. */
export async function* documentsOf(files: readonly (ManifestFile | MissingFile)[]): AsyncGenerator<Input> {
  for (const file of files) {
    if ('problem' in file) yield file;
    else yield* documentsOfFile(file);
  }
}

async function* documentsOfFile({ name, open }: ManifestFile): AsyncGenerator<Input> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 0;
  try {
    for await (const { bytes, line } of splitDocuments(open())) {
      number += 1;
      const place = { file: name, line, number };
      const text = bytes.includes(0) ? undefined : decoded(decoder, bytes);
      yield text === undefined ? { ...place, bytes } : { ...place, text };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    yield { name, problem: ioReason(error) };
  }
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Writes to a stream and waits while its reader is slower; false once nobody reads any more. */
export async function write(stream: NodeJS.WritableStream, data: string | Uint8Array): Promise<boolean> {
  if (!stream.writable) return false;
  if (stream.write(data)) return true;
  // One of the two never comes, and is not to be waited for any longer.
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(stream, 'drain', { signal }), once(stream, 'close', { signal })]);
  settled.abort();
  return stream.writable;
}

/** `FILE:LINE: Kind/name (document 3): error: what is wrong`, one line. */
export function tell(io: CommandIo, document: InputDocument, finding: Finding): void {
  const { line } = positionAt(document.text, finding.offset);
  const where = `${document.file}:${document.line + line - 1}`;
  const subject = finding.subject === undefined ? '' : `${finding.subject} `;
  fail(io, [`${where}: ${subject}(document ${document.number}): ${finding.level}: ${finding.message}`]);
}

/** Says of what is there and cannot be read where it is, why, and what becomes of it. */
export function tellUnread(io: CommandIo, input: Exclude<Input, InputDocument>, fate: string): void {
  if ('problem' in input) {
    fail(io, [`${input.name}: ${input.problem}`]);
    return;
  }
  const { file, line, number } = input;
  fail(io, [`${file}:${line}: (document ${number}): error: is no UTF-8 text; ${fate}`]);
}
