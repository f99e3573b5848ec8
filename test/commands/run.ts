import { Readable, Writable } from 'node:stream';

import { main } from '../../src/commands/program.ts';

/** What a command line printed, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function run(...args: string[]): Promise<Ran> {
  return runOn('', ...args);
}

/** Runs a command line in this process, with this on its standard input. */
export async function runOn(input: string, ...args: string[]): Promise<Ran> {
  const [stdout, stderr] = [new Collector(), new Collector()];
  const code = await main(args, { stdin: Readable.from([Buffer.from(input)]), stdout, stderr });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Collector extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
