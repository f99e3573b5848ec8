import { clip, withoutControlCharacters } from '../core/text.ts';

type Rows = readonly (readonly string[])[];

/**
 * Rows under one another, two blanks between columns. The last column is cut, or left out, where a terminal of `width`
 * characters would break the line; elsewhere nothing is lost.
 */
export function columns(rows: Rows, width?: number): string {
  return columnLines(rows, width)
    .map((line) => `${line}\n`)
    .join('');
}

/** The same, line by line, for what stands beside other things. */
export function columnLines(cells: Rows, width?: number): readonly string[] {
  // A terminal would carry them out, and a line end breaks the table.
  const rows = cells.map((row) => row.map(withoutControlCharacters));
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  );
  const before = widths.slice(0, -1).reduce((sum, own) => sum + own + 2, 0);
  const room = width === undefined ? Infinity : width - before;
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => (index === count - 1 ? last(cell, room) : cell.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map(line);
}

/** A column of a few characters helps nobody. */
function last(cell: string, room: number): string {
  return room < 20 ? '' : clip(cell, room);
}
