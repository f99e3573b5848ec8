const NOBODY = 65534;

/**
 * Runs `call` as somebody whom file permissions stop: root, whom they do not stop, becomes nobody for that time. Only
 * one such call at a time, and nothing else meanwhile: the user is the whole process's.
 */
export async function unprivileged<T>(call: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0 || process.seteuid === undefined) return call();
  process.seteuid(NOBODY);
  try {
    return await call();
  } finally {
    process.seteuid(0);
  }
}
