import { loadConfig } from '../config/load.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { Result, Rewritten } from '../manifests/rewrite.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';
import type { ManifestOptions } from './manifest-options.ts';
import { filesOf } from './manifest-options.ts';
import { documentsOf, tell, tellUnread, write } from './manifest-stream.ts';

/**
 * Passes manifests from the files to standard output, each document rewritten or to the byte as it was, in their order.
 * Resolves with 1 when something was wrong with any of them; the others are done all the same.
 *
 * @param prepare makes the rewriting, from the configuration
 */
export async function rewriteManifests(
  options: ManifestOptions,
  io: CommandIo,
  prepare: (config: EngineConfig) => (text: string) => Rewritten,
): Promise<number> {
  const files = await filesOf(options, io);
  const loaded = await loadConfig(options.config);
  if (!loaded.ok) return fail(io, loaded.problems);
  const rewrite = prepare(loaded.config.engine);
  const counts = new Map<Result, number>();
  const output = new Output(io.stdout);
  let failed = false;
  for await (const input of documentsOf(files)) {
    if (!('text' in input)) {
      tellUnread(io, input, 'passed through as it is');
      failed = true;
      if ('bytes' in input && !(await output.write(input.file, input.bytes))) return 1;
      continue;
    }
    const { text, findings, results } = rewrite(input.text);
    for (const finding of findings) {
      tell(io, input, finding);
      failed ||= finding.level === 'error';
    }
    for (const result of results) counts.set(result, (counts.get(result) ?? 0) + 1);
    failed ||= results.includes('refused');
    if (!(await output.write(input.file, text))) break;
  }
  summarise(io, counts);
  return failed ? 1 : 0;
}

/** Joins files: each begins a document of its own. */
class Output {
  readonly #stream: NodeJS.WritableStream;
  #file: string | undefined;
  #endsLine = true;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  /** False once nobody reads any more. */
  async write(file: string, data: string | Uint8Array): Promise<boolean> {
    const bytes = Buffer.from(data);
    const joint = this.#file === undefined || this.#file === file ? '' : this.#joint(bytes);
    this.#file = file;
    this.#endsLine = bytes.length === 0 ? this.#endsLine : bytes.at(-1) === 0x0a;
    return write(this.#stream, joint === '' ? bytes : Buffer.concat([Buffer.from(joint), bytes]));
  }

  #joint(next: Buffer): string {
    const begins = /^(?:\xEF\xBB\xBF)?(?:---|%)/.test(next.subarray(0, 6).toString('latin1'));
    return `${this.#endsLine ? '' : '\n'}${begins ? '' : '---\n'}`;
  }
}

/** With one object there is nothing to count. */
function summarise({ stderr }: CommandIo, counts: ReadonlyMap<Result, number>): void {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total < 2) return;
  const order: readonly Result[] = ['injected', 'taken out', 'skipped', 'refused'];
  const parts = order.flatMap((result) => {
    const count = counts.get(result);
    return count === undefined ? [] : [`${result} ${count}`];
  });
  stderr.write(`${parts.join(', ')}\n`);
}
