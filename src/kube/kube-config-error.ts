/** A kubeconfig or ServiceAccount that cannot be used: the message names the file, the fault and the remedy. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'is a directory; a file is wanted',
  ENOTDIR: 'there is no such file',
};

/** Why a file cannot be read, in words. */
export function ioReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
