import { readFile } from 'node:fs/promises';

/** Files that are looked at together, and who is told. */
export interface FollowOptions {
  readonly files: readonly string[];
  /**
   * The files are no more being written, for the first time or with another content than at the last call. Must not
   * reject.
   */
  readonly onChange: () => Promise<void>;
  /** Between two looks; a change is acted upon after two of them. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 2_000;

/**
 * Looks at the files again and again, as the configuration file is watched: in a mounted Secret nothing changes but the
 * symlink `..data` beside them, which kubelet swaps, and other tools write one file after the other. So what counts is
 * the content, once two looks in a row saw the same. Does not keep the process alive.
 */
export function followFiles({ files, onChange, intervalMs = INTERVAL_MS }: FollowOptions): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false as boolean;
  let acted: string | undefined;
  let seen: string | undefined;

  const look = async (): Promise<void> => {
    const now = await contents(files);
    if (now === seen && now !== acted) {
      acted = now;
      await onChange();
    }
    seen = now;
    if (!stopped) timer = setTimeout(() => void look(), intervalMs).unref();
  };
  void look();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** A file that is not there is a content, too. */
async function contents(files: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    files.map((file) => readFile(file, 'utf8').catch((error: unknown) => ({ error: String(error) }))),
  );
  return JSON.stringify(texts);
}
