import { hash } from 'node:crypto';

/** The first `length` hexadecimal digits of the SHA-256 of `text` in UTF-8. */
export function sha256(text: string, length: number): string {
  return hash('sha256', text, 'hex').slice(0, length);
}
