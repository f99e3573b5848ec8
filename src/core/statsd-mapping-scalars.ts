/**
 * What a scalar means to statsd_exporter's YAML library (go.yaml.in/yaml v2, resolve.go): YAML 1.1 booleans, Go's
 * integer literals, its own idea of floats, everything else a string.
 */
export type Scalar =
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'time' | 'string'; readonly value: string };

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((w) => [w, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(
    (w) => [w, false] as const,
  ),
]);

const CORE = 'tag:yaml.org,2002:';
const TAGGED: ReadonlySet<string> = new Set(['bool', 'int', 'float', 'null', 'timestamp']);

/** The scalar's meaning; undefined when its tag and its text contradict each other. `bare`: neither quoted nor tagged. */
export function resolveScalar(text: string, tag: string, bare: boolean): Scalar | undefined {
  const name = tag.startsWith(CORE) ? tag.slice(CORE.length) : undefined;
  if (name === 'binary') return decoded(text);
  if (!bare && (name === undefined || !TAGGED.has(name))) return { type: 'string', value: text };
  const found = resolveText(text, bare || name === 'timestamp');
  if (bare || (name === 'timestamp' ? 'time' : name) === found.type) return found;
  const isSigned = found.type === 'int' && found.value <= MAX_INT64;
  return name === 'float' && isSigned ? { type: 'float', value: Number(found.value) } : undefined;
}

export function isNullTag(tag: string): boolean {
  return tag === `${CORE}null`;
}

export function isMergeTag(tag: string): boolean {
  return tag === `${CORE}merge`;
}

function decoded(text: string): Scalar | undefined {
  const base64 = text.replaceAll('\n', '');
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return { type: 'string', value: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return undefined;
  }
}

function resolveText(text: string, orTime: boolean): Scalar {
  if (/^(?:~|null|Null|NULL)?$/.test(text)) return { type: 'null' };
  const value = BOOLEANS.get(text);
  if (value !== undefined) return { type: 'bool', value };
  // The library tells numbers by their first character.
  if (!/^[-+.0-9]/.test(text)) return { type: 'string', value: text };
  const number = special(text) ?? (text.startsWith('.') ? undefined : integer(text.replaceAll('_', '')));
  if (typeof number === 'bigint') return { type: 'int', value: number };
  const float = number ?? decimal(text);
  if (float !== undefined) return { type: 'float', value: float };
  return { type: orTime && isTime(text) ? 'time' : 'string', value: text };
}

function special(text: string): number | undefined {
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return Number.NaN;
  if (/^\+?\.(?:inf|Inf|INF)$/.test(text)) return Infinity;
  return /^-\.(?:inf|Inf|INF)$/.test(text) ? -Infinity : undefined;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;

/** Go's strconv.ParseInt with base 0, else ParseUint (no sign there); and the library's own `0b` with a sign behind. */
function integer(text: string): bigint | undefined {
  const parts = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|([1-9][0-9]*|0))$/.exec(text);
  if (parts === null) {
    const late = /^0b([-+][01]+)$/.exec(text)?.[1];
    return late === undefined ? undefined : integer(`${late.slice(0, 1)}0b${late.slice(1)}`);
  }
  const [, sign = '', hexadecimal, octal, binary, plain = ''] = parts;
  const digits = (hexadecimal ?? octal ?? binary ?? plain).replace(/^0+(?=.)/, '');
  if (digits.length > 64) return undefined;
  const prefix =
    hexadecimal !== undefined ? '0x' : octal !== undefined ? '0o' : binary !== undefined ? '0b' : '';
  const size = BigInt(prefix + digits);
  const value = sign === '-' ? -size : size;
  const limit = sign === '-' ? MAX_INT64 + 1n : sign === '+' ? MAX_INT64 : MAX_UINT64;
  return size > limit ? undefined : value;
}

/** The library's float, or Go's own behind a leading dot; nothing when it is out of a float64's range. */
function decimal(text: string): number | undefined {
  const plain = text.replaceAll(text.startsWith('.') ? /(?<=[0-9])_(?=[0-9])/g : '_', '');
  if (!/^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** The four layouts that the library reads, with a date that exists. */
function isTime(text: string): boolean {
  const parts =
    /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?(?:Z|[-+][0-9]{2}:[0-9]{2})| ([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,][0-9]+)?)?$/.exec(
      text,
    );
  if (parts === null) return false;
  const [year = 0, month = 0, day = 0] = parts.slice(1, 4).map(Number);
  const [hour = 0, minute = 0, second = 0] = parts.slice(4).filter(Boolean).map(Number);
  const lastDay = new Date(Date.UTC(year === 0 ? 4 : year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= lastDay && hour < 24 && minute < 60 && second < 60;
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Whether Go's time.ParseDuration reads it: signed, decimal parts with units up to `h`, within an int64 of ns. */
export function isGoDuration(text: string): boolean {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (rest === '0') return true;
  if (rest === '') return false;
  const part = /([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)/y;
  let total = 0n;
  while (part.lastIndex < rest.length) {
    const found = part.exec(rest);
    if (found === null) return false;
    const [, whole = '', fraction = '', unit = ''] = found;
    const digits = whole.replace(/^0+/, '');
    if ((whole === '' && fraction === '') || digits.length > 19) return false;
    const size = UNITS[unit] ?? 1n;
    // Eighteen digits of a fraction are more than an hour has nanoseconds.
    const tail = fraction.slice(0, 18);
    total += BigInt(digits || '0') * size + (BigInt(tail || '0') * size) / 10n ** BigInt(tail.length);
    if (total > MAX_INT64 + 1n) return false;
  }
  return total <= MAX_INT64 || sign === '-';
}
