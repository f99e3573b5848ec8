/** `text` as code in a cell or a sentence. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** A table; cells may hold anything but line ends. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Blocks with an empty line between them. */
export function blocks(...parts: readonly string[]): string {
  return `${parts.join('\n\n')}\n`;
}

/** Says where a generated page comes from, to people who open it in an editor. */
export function generatedFrom(sources: string): string {
  return `<!-- Written by npm run docs from ${sources}; edit those. -->`;
}

/** A list of words with commas, as code. */
export function codes(words: readonly string[]): string {
  return words.map(code).join(', ');
}
