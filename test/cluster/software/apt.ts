import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { run } from '../processes.ts';
import type { RunResult } from '../processes.ts';

/** A package of the archive in one version. */
export interface Package {
  readonly name: string;
  readonly version: string;
}

/**
 * apt, as a reader: it resolves and downloads, with a state of its own, and neither installs anything nor asks for
 * root.
 */
export class Apt {
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  /** The machine's own package lists do, until they turn out to be missing or old. */
  #ownLists = false;

  /** `folder` takes apt's state. */
  constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    // The words that are read here are apt's own, in no translation.
    this.#env = { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  }

  /**
   * A package and all that it depends on, as if nothing were installed.
   * Errors: with apt's last words when the lists do not have it.
   */
  async resolve(name: string): Promise<Package[]> {
    await this.#prepare();
    const { stdout } = await this.#apt(['-s', 'install', '--no-install-recommends', name]);
    const found = [...stdout.matchAll(/^Inst ([^\s:]+)\S* \((\S+)/gm)];
    return found.map(([, packageName = '', version = '']) => ({ name: packageName, version }));
  }

  /** Downloads packages into a folder. Errors: with apt's last words. */
  async download(packages: readonly Package[], folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.#apt(['download', ...packages.map(({ name, version }) => `${name}=${version}`)], folder);
  }

  /** Fetches the package lists into a state of its own, which is used from then on. */
  async update(): Promise<void> {
    await mkdir(join(this.#folder, 'state/lists/partial'), { recursive: true });
    this.#ownLists = true;
    await this.#prepare();
    // Sources that cannot be reached need not be Debian's: whether the lists do is seen when they are used.
    await this.#run(['update']);
  }

  /** Removes the state. */
  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #prepare(): Promise<void> {
    await mkdir(join(this.#folder, 'cache/archives/partial'), { recursive: true });
    await writeFile(join(this.#folder, 'status'), '');
  }

  async #apt(args: readonly string[], cwd?: string): Promise<RunResult> {
    const result = await this.#run(args, cwd);
    if (result.code !== 0) {
      const words = result.stderr.trim().split('\n').slice(-10).join('\n');
      throw new Error(`apt-get ${args.join(' ').slice(0, 200)} failed:\n${words}`);
    }
    return result;
  }

  #run(args: readonly string[], cwd = this.#folder): Promise<RunResult> {
    const settings = {
      'Debug::NoLocking': '1',
      'Dir::Cache': join(this.#folder, 'cache'),
      'Dir::State::status': join(this.#folder, 'status'),
      // apt's own download user may be kept out of the folder; what it gets is verified all the same.
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
      ...(this.#ownLists && { 'Dir::State': join(this.#folder, 'state') }),
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
    return run('apt-get', [...options, ...args], { env: this.#env, cwd });
  }
}

/** The names of the packages that dpkg has installed. */
export async function installedPackages(env: NodeJS.ProcessEnv): Promise<ReadonlySet<string>> {
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Package}\n'], { env });
  return new Set([...stdout.matchAll(/^installed (\S+)$/gm)].map(([, name = '']) => name));
}
