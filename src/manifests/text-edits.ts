/** A stretch of a text that is replaced; empty for an insertion. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  /** How deep in the document it belongs: of insertions at one place the inner ones come first. */
  readonly depth: number;
}

/** Undefined where edits cross one another. */
export function edited(text: string, edits: readonly Edit[]): string | undefined {
  const sorted = edits
    .map((edit, order) => ({ edit, order }))
    .sort(
      (a, b) =>
        a.edit.from - b.edit.from ||
        a.edit.to - b.edit.to ||
        b.edit.depth - a.edit.depth ||
        a.order - b.order,
    );
  const parts: string[] = [];
  let done = 0;
  for (const { edit } of sorted) {
    if (edit.from < done) return undefined;
    parts.push(text.slice(done, edit.from), edit.text);
    done = edit.to;
  }
  parts.push(text.slice(done));
  return parts.join('');
}
