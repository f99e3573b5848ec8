/** Values of the configuration file that are written in one way and used in another. */

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** `8080` or `"9000-9999"`, bounds included; undefined when it is neither or not within 1 to 65535. */
export function portRange(value: unknown): PortRange | undefined {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value));
  if (parts === null) return undefined;
  const from = Number(parts[1]);
  const to = Number(parts[2] ?? parts[1]);
  return from >= 1 && from <= to && to <= 65535 ? { from, to } : undefined;
}

const DATE = /^(\d{4}-\d\d-\d\d)$/;
const DATE_TIME =
  /^(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?)([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DAY_MS = 86_400_000;

/**
 * The moment from which on something is over, in milliseconds since 1970: an RFC 3339 date-time, or a date, which ends
 * with its day in UTC. Undefined when it is neither, or a day that no calendar has.
 */
export function endOf(text: string): number | undefined {
  const day = DATE.exec(text)?.[1];
  if (day !== undefined) {
    const start = startOfDay(day);
    return start === undefined ? undefined : start + DAY_MS;
  }
  const [, date, time, zone] = DATE_TIME.exec(text) ?? [];
  if (date === undefined || time === undefined || zone === undefined || startOfDay(date) === undefined)
    return undefined;
  return Date.parse(`${date}T${time}${zone.toUpperCase()}`);
}

/** Date.parse takes February 30 for March 2, so the way back must lead to the same day. */
function startOfDay(day: string): number | undefined {
  const start = Date.parse(`${day}T00:00:00Z`);
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(day) ? start : undefined;
}
