import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { Hopeless, waitFor } from './wait.ts';
import type { NotYet, WaitOptions } from './wait.ts';

/**
 * Runs beside the command, which takes the shell's own pid by `exec`. File descriptor 3 is a pipe that only the
 * parent holds: when the parent ends in any way, SIGKILL too, the read ends and the command is ended by its pid. The
 * word `done` says that the command has ended already and its pid is no longer ours to signal.
 */
const WATCHDOG = `
( while read -r word <&3; do [ "$word" = done ] && exit 0; done
  kill -TERM $$
  tries=0
  while [ $tries -lt 20 ] && kill -0 $$; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL $$
) </dev/null >/dev/null 2>&1 &
exec 3<&-
exec "$@"`;

interface GuardedOptions {
  /** Standard input, output and error. */
  stdio: ['ignore' | 'pipe', number | 'pipe', number | 'pipe'];
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
}

/** Starts a command that cannot outlive this process. It is its own session: Ctrl-C reaches only the parent. */
function spawnGuarded(command: string, args: readonly string[], options: GuardedOptions): ChildProcess {
  const { env, cwd, stdio } = options;
  const how: SpawnOptions = { stdio: [...stdio, 'pipe'], detached: true, env, cwd };
  const child = spawn('/bin/sh', ['-c', WATCHDOG, 'podscrape-watchdog', command, ...args], how);
  const lifeline = child.stdio[3] as Socket;
  lifeline.on('error', () => {
    // The watchdog has ended before it could read `done`: nothing is left to tell it.
  });
  child.once('exit', () => {
    lifeline.end('done\n');
  });
  lifeline.unref();
  return child;
}

/** How a process ended: its exit code, or the signal that ended it. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process of ours ended although it was meant to serve. The message ends with the last lines of its log. */
export class ProcessDied extends Hopeless {
  override name = 'ProcessDied';
  readonly log: string;
  constructor(name: string, exit: Exit, log: string) {
    super(`${name} ended early (${exit.signal ?? `exit code ${exit.code}`}); its last lines:\n${log}`);
    this.log = log;
  }
}

/** What {@link startProcess} starts. */
export interface ProcessOptions {
  /** For messages. */
  name: string;
  command: string;
  args: readonly string[];
  /** Standard output and standard error are appended to this file. */
  logFile: string;
  /** The whole environment of the process. Default: this process's. */
  env?: NodeJS.ProcessEnv;
}

/** A server process that ends with this process at the latest. It does not keep the event loop alive. */
export class ManagedProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Set once the process has ended. */
  exit: Exit | undefined;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #stopping = false;

  /** Use {@link startProcess}. */
  constructor(options: ProcessOptions, child: ChildProcess) {
    if (child.pid === undefined) throw new Error(`${options.name} could not be started: no /bin/sh`);
    this.name = options.name;
    this.pid = child.pid;
    this.logFile = options.logFile;
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        resolve();
      });
    });
    child.unref();
  }

  /** Resolves when the process has ended. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The last lines of the log. */
  tail(lines = 25): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  /** Errors: {@link ProcessDied} when the process has ended by itself. */
  assertAlive(): void {
    if (this.exit && !this.#stopping) throw new ProcessDied(this.name, this.exit, this.tail());
  }

  /** {@link waitFor} that gives up with {@link ProcessDied} as soon as the process has ended by itself. */
  async waitFor<T>(
    what: string,
    condition: () => Promise<T | NotYet> | T | NotYet,
    options?: WaitOptions,
  ): Promise<T> {
    try {
      return await waitFor(
        `${this.name}: ${what}`,
        async () => {
          try {
            return await condition();
          } finally {
            // Also when the condition holds: whoever answered it was not this process.
            this.assertAlive();
          }
        },
        options,
      );
    } catch (error) {
      this.assertAlive();
      if (error instanceof Hopeless) throw error;
      throw new Error(`${(error as Error).message}\nlast lines of ${this.name}:\n${this.tail()}`, {
        cause: error,
      });
    }
  }

  /** SIGTERM, and SIGKILL after `graceMs`; resolves when the process has ended. May be called again. */
  async stop(graceMs = 5000): Promise<void> {
    this.#stopping = true;
    if (this.exit) return;
    this.#child.ref();
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(timer);
  }
}

/** Starts a server process; it has not yet said anything when this returns. */
export function startProcess(options: ProcessOptions): ManagedProcess {
  const log = openSync(options.logFile, 'a');
  try {
    const child = spawnGuarded(options.command, options.args, {
      stdio: ['ignore', log, log],
      env: options.env,
    });
    return new ManagedProcess(options, child);
  } finally {
    closeSync(log);
  }
}

/** The result of {@link run}; `code` is null when a signal ended the command. */
export interface RunResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What {@link run} takes beside the command. */
export interface RunOptions {
  /** Fed to the command's standard input, which is empty without it. */
  stdin?: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** After so many milliseconds the command is ended, and `run` rejects. Default: no limit. */
  timeoutMs?: number;
}

/** Runs a command to its end. Errors: only the time-out; a failing command is a code, 127 when there is none. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawnGuarded(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  child.stdin?.on('error', () => {
    // The command does not read its input to the end; its exit code tells whether it minds.
  });
  child.stdin?.end(options.stdin ?? '');
  let expired = false as boolean;
  const timer = setTimeout(() => (expired = child.kill('SIGKILL')), options.timeoutMs ?? 2 ** 31 - 1);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  if (expired) throw new Error(`${[command, ...args].join(' ')} took over ${options.timeoutMs} ms`);
  return { code, ...output };
}

/**
 * So many free ports of 127.0.0.1. Another process may take one before it is used: whoever boots a server on it tries
 * again with others (see {@link lostPort}).
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  // All are held until the last is known, so that no number comes twice.
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Whether a boot failed because some other process took one of its ports first. */
export function lostPort(error: unknown): boolean {
  return error instanceof ProcessDied && /address already in use/i.test(error.log);
}

/** Whether a process is there and running; a zombie, which only its parent can clear away, is not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    // proc(5): the state follows the command name, which stands in parentheses and may contain any character.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return process.platform !== 'linux';
  }
}
