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

/** What a list may take of a message that has to stay within a kubectl warning. */
const LIST_LENGTH = 45;

/** `a, b or c`; as many as fit, and how many more there are. */
export function oneOf(words: readonly string[]): string {
  let length = 0;
  const fitting = words.filter((word, index) => (length += word.length + 2) <= LIST_LENGTH || index === 0);
  const shown = fitting.map((word) => clip(withoutControlCharacters(word), LIST_LENGTH));
  const rest = words.length - shown.length;
  if (rest > 0) return `${shown.join(', ')} or ${rest} more`;
  if (shown.length < 2) return shown.join('');
  return `${shown.slice(0, -1).join(', ')} or ${shown[shown.length - 1] ?? ''}`;
}

/** Longer warnings are cut by clients, and Kubernetes asks for 120 characters or less. */
export const WARNING_LENGTH = 120;

/** The text with its places (`{port}`) filled in, in one go: a value that looks like a place is none. */
export function filled(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replace(/\{[a-z]+\}/g, (place) => values[place] ?? place);
}

/** Text that Kubernetes leaves as it is in a variable or argument: it expands `$(VAR)`, and `$$` is one `$`. */
export function literal(text: string): string {
  return text.replaceAll('$', () => '$$');
}
