/** Control characters; the apiserver drops a warning that holds one, and Prometheus' labels break on them. */
const CONTROL = /\p{Cc}/u;
const ALL_CONTROL = /\p{Cc}+/gu;

export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text);
}

/** `text` with runs of control characters as one space. */
export function withoutControlCharacters(text: string): string {
  return text.replace(ALL_CONTROL, ' ');
}

/** At most `length` UTF-16 units, the cut shown as `…`; never half a surrogate pair. */
export function clip(text: string, length: number): string {
  if (text.length <= length) return text;
  const cut = text.slice(0, length - 1);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** A user's value as it may stand in a message: quoted, short, without control characters. */
export function quoted(text: string): string {
  return `"${clip(withoutControlCharacters(text), 32)}"`;
}

/** `a, b or c`, cut after `most` words. */
export function oneOf(words: readonly string[], most = 8): string {
  if (words.length > most) return `${words.slice(0, most).join(', ')} or ${words.length - most} more`;
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words[words.length - 1] ?? ''}`;
}
