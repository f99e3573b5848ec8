/** The command line is wrong in a way that its parser cannot see, such as two options that exclude each other. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
