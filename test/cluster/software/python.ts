import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withLock } from '../build-lock.ts';
import { run } from '../processes.ts';
import { SoftwareUnavailable, closedFolder, softwareRoot } from './place.ts';

const REQUIREMENTS = join(import.meta.dirname, 'python/requirements.txt');

/** The oldest Python that the pinned packages are known to run on. */
const OLDEST = '3.11';

/** What {@link ensurePython} can be told. */
export interface PythonOptions {
  /** Takes lines about installing and waiting. Default: standard error. */
  readonly log?: (line: string) => void;
  /** The environment that names the PATH and the cache. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** The Python that is tried beside the one on the PATH. Default: `/usr/bin/python3`. */
  readonly system?: string;
}

/** A virtual environment with the pinned packages. */
export interface Python {
  /** The interpreter. */
  readonly python: string;
  /** The folder of `gunicorn` and `celery`. */
  readonly bin: string;
  readonly version: string;
  /** The folders it is made of: whoever runs it with another view of the files binds these, at these paths. */
  readonly folders: readonly string[];
}

interface Base {
  readonly command: string;
  readonly version: string;
  readonly prefix: string;
}

/**
 * The virtual environment with the packages of `python/requirements.txt`, made in the cache at the first use.
 * Errors: {@link SoftwareUnavailable}; an Error with pip's last words when installing fails.
 */
export async function ensurePython(options: PythonOptions = {}): Promise<Python> {
  const { env = process.env, log = (line) => void process.stderr.write(`${line}\n`) } = options;
  const base = await findBase(env, options.system);
  if (typeof base === 'string') throw new SoftwareUnavailable(base);
  const folder = join(softwareRoot(env), `python-${keyOf(base)}`);
  const waiting = (pid: number, seconds: number): void => {
    log(`test software: process ${pid} installs Python packages; waiting for it (${seconds} s)`);
  };
  if (!isComplete(folder)) {
    await withLock(`${folder}.lock`, waiting, async () => {
      if (isComplete(folder)) return;
      log(`test software: installing Python packages for ${base.command} (${base.version})`);
      await make(base, folder, env);
    });
  }
  const bin = join(folder, 'bin');
  return { python: join(bin, 'python'), bin, version: base.version, folders: [folder, base.prefix] };
}

/** Why there is no Python here, without installing any; undefined when there is. */
export async function whyNotPython(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const base = await findBase(env);
  return typeof base === 'string' ? base : undefined;
}

/**
 * The Python that the environment is made from, or why there is none: one that every user can run when there is such a
 * one, because Pods have users of their own.
 */
async function findBase(env: NodeJS.ProcessEnv, system = '/usr/bin/python3'): Promise<Base | string> {
  const script =
    'import os, platform, sys, venv, ensurepip\n' +
    `assert sys.version_info >= (${OLDEST.replace('.', ', ')}), platform.python_version() + " is too old"\n` +
    'print(os.path.realpath(sys.executable), platform.python_version(), sys.base_prefix, sep="\\n")';
  const usable: Base[] = [];
  const reasons: string[] = [];
  for (const candidate of ['python3', system]) {
    const { code, stdout, stderr } = await run(candidate, ['-c', script], { env });
    const [command = '', version = '', prefix = ''] = stdout.trim().split('\n');
    if (code === 0) usable.push({ command, version, prefix });
    else if (code === 127) reasons.push(`there is no \`${candidate}\``);
    else reasons.push(`\`${candidate}\` will not do: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  }
  const base = usable.find(({ command }) => closedFolder(command) === undefined) ?? usable[0];
  if (base !== undefined) return base;
  return (
    `Python packages: cannot be installed: ${reasons.join('; ')}. Install Python ${OLDEST} or newer with its venv ` +
    'module (Debian: python3 and python3-venv).'
  );
}

/** Changes with the requirements and with the interpreter, whose path an environment has in it. */
function keyOf(base: Base): string {
  const hash = createHash('sha256');
  for (const part of [readFileSync(REQUIREMENTS, 'utf8'), base.command, base.version, process.arch]) {
    hash.update(`${part.length}\n${part}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}

/** Written last: an environment cannot be made elsewhere and moved, because its scripts name their interpreter. */
const COMPLETE = 'complete';

function isComplete(folder: string): boolean {
  return statSync(join(folder, COMPLETE), { throwIfNoEntry: false }) !== undefined;
}

async function make(base: Base, folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const step = async (what: string, command: string, args: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(command, args, { env });
    if (code !== 0) throw new Error(`${what} failed:\n${stderr.trim().split('\n').slice(-25).join('\n')}`);
  };
  await step('making the virtual environment', base.command, ['-m', 'venv', folder]);
  // Wheels alone: nothing is compiled, and no package's code runs while it is installed.
  const how = ['--require-hashes', '--only-binary=:all:', '--no-input', '--disable-pip-version-check'];
  const pip = ['-m', 'pip', 'install', '--quiet', ...how, '--root-user-action=ignore', '-r', REQUIREMENTS];
  await step('installing the Python packages', join(folder, 'bin/python'), pip);
  await writeFile(join(folder, COMPLETE), '');
}
