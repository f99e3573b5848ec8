/** What Node's error codes for files mean to a person. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EISDIR: 'is a directory; a file is wanted',
  ENOTDIR: 'is below a file; a directory is wanted',
  EEXIST: 'is there already',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
};

/** Why an operation on files failed, in words; the error's own where it has no code of these. */
export function ioReason(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string };
  return REASONS[code ?? ''] ?? message;
}
