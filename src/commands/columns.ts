import { clip } from '../core/text.ts';

/**
 * Rows under one another, two blanks between columns. The last column is cut, or left out, where a terminal of `width`
 * characters would break the line; elsewhere nothing is lost.
 */
export function columns(rows: readonly (readonly string[])[], width?: number): string {
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
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** A column of a few characters helps nobody. */
function last(cell: string, room: number): string {
  return room < 20 ? '' : clip(cell, room);
}
