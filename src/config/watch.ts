import { stat } from 'node:fs/promises';

import type { Config } from './effective.ts';
import { canonicalJson } from './hash.ts';
import { configOf, readConfig } from './load.ts';
import type { ReadResult } from './load.ts';

export interface WatchOptions {
  readonly file: string;
  /** What is in force: the file as it was loaded, nothing added to it. */
  readonly current: Config;
  /** Another configuration is in the file, valid; from now on it is the one in force. */
  readonly onChange: (config: Config) => void;
  /** The file is wrong or gone, and what was in force stays so. Lines ready to print; once for each content. */
  readonly onInvalid: (problems: readonly string[]) => void;
  /** After `onInvalid`, the file is again what is in force. */
  readonly onRestored?: () => void;
  /** Between two looks at the file; a change is acted upon after two of them. */
  readonly intervalMs?: number;
}

export interface ConfigWatch {
  /** No call comes after it. */
  stop(): void;
}

const INTERVAL_MS = 2000;

/**
 * Looks at the file's content again and again. File events would have to be told apart by what happened (an edit in
 * place, another file renamed over it, a ConfigMap mount, where only the symlink `..data` beside the file changes) and
 * do not come at all on some filesystems; reading a small file every two seconds always works and costs nothing.
 *
 * A content counts when two looks in a row saw it, with no write between them: a file that is just being written is
 * seldom valid, but the half of one, or nothing at all, can be, and means something else.
 *
 * Never throws, and does not keep the process alive. What a callback throws is told through `onInvalid`.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { file, intervalMs = INTERVAL_MS } = options;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let seen: string | undefined;
  let acted: string | undefined;
  const state = { canonical: canonicalJson(options.current), invalid: false };

  const look = async (): Promise<void> => {
    const found = await readAgain(file);
    if (stopped) return;
    if (found !== undefined) {
      const key = JSON.stringify(found.content);
      if (seen === found.version + key && acted !== key) {
        acted = key;
        act(found.content, options, state);
      }
      seen = found.version + key;
    }
    next();
  };
  const next = (): void => {
    if (!stopped) timer = setTimeout(() => void look(), intervalMs).unref();
  };
  next();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/**
 * The content, and a version that every write changes. Undefined for a pipe: what it said is gone, and reading it again
 * would find an empty configuration, or wait for ever.
 */
async function readAgain(file: string): Promise<{ content: ReadResult; version: string } | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) return undefined;
  return { content: await readConfig(file), version: `${found?.ino ?? ''} ${found?.mtimeNs ?? ''} ` };
}

interface State {
  /** What is in force, as text to compare with. */
  canonical: string;
  /** Whether `onInvalid` was the last call. */
  invalid: boolean;
}

function act(content: ReadResult, options: WatchOptions, state: State): void {
  try {
    const loaded = configOf(content, options.file);
    if (!loaded.ok) return refuse(options, state, loaded.problems);
    const canonical = canonicalJson(loaded.config);
    if (canonical !== state.canonical) options.onChange(loaded.config);
    else if (state.invalid) options.onRestored?.();
    state.canonical = canonical;
    state.invalid = false;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    refuse(options, state, [`${options.file}: cannot be put in force: ${message}`]);
  }
}

function refuse(options: WatchOptions, state: State, problems: readonly string[]): void {
  state.invalid = true;
  try {
    options.onInvalid(problems);
  } catch {
    // There is nobody left to tell; the next content may do better.
  }
}
