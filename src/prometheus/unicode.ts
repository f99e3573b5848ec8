/**
 * Letters and digits that came after Unicode 15.0, which Go 1.26 knows, and with it Prometheus 3.15: to both, they are
 * unassigned. Node's Unicode is newer, whatever Node it is; a test compares every code point with Go's own tables.
 */
const NEWER = ranges(`
  88f c5c cdc 1c89-1c8a a7cb-a7cf a7d2 a7d4 a7da-a7dc a7f1 105c0-105f3 10940-10959 10d40-10d65
  10d6f-10d85 10ec2-10ec7 11380-11389 1138b 1138e 11390-113b5 113b7 113d1 113d3 116d0-116e3
  11bc0-11be0 11bf0-11bf9 11db0-11ddb 11de0-11de9 13460-143fa 16100-1611d 16130-16139 16d40-16d6c
  16d70-16d79 16ea0-16eb8 16ebb-16ed3 16ff2-16ff3 187f8-187ff 18cff 18d09-18d1e 18d80-18df2
  1ccf0-1ccf9 1e5d0-1e5ed 1e5f0-1e5fa 1e6c0-1e6de 1e6e0-1e6e2 1e6e4-1e6e5 1e6e7-1e6ed 1e6f0-1e6f4
  1e6fe-1e6ff 2b73a-2b73f 2cea2-2cead 2ebf0-2ee5d 323b0-33479
`);

/** Whether Go's templates take a character into a group's name. */
export function isGoLetterOrDigit(character: string): boolean {
  return /^[\p{L}\p{Nd}]$/u.test(character) && !NEWER.test(character);
}

/** Whether Go knows no other case of a character, nor what kind it is. */
export function isUnknownToGo(character: string): boolean {
  return character > '\u007f' && NEWER.test(character);
}

function ranges(text: string): RegExp {
  const classes = text
    .trim()
    .split(/\s+/)
    .map((range) => range.replace(/\w+/g, '\\u{$&}'));
  return new RegExp(`^[${classes.join('')}]$`, 'u');
}
