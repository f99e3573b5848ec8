/**
 * A stream cut into documents as kubectl cuts it (k8s.io/apimachinery, pkg/util/yaml): at lines that begin with `---`
 * and go on with nothing but space or a comment, and between JSON values that follow one another. Not a byte is lost:
 * what comes out, put together, is what went in. One document at a time is held.
 */
export interface DocumentBytes {
  readonly bytes: Uint8Array;
  /** Of its first byte, counted from 1. */
  readonly line: number;
}

const NEWLINE = 0x0a;

export async function* splitDocuments(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<DocumentBytes> {
  const splitter = new Splitter();
  let begun: Uint8Array[] = [];
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const end = chunk.subarray(from, at + 1);
      yield* splitter.line(begun.length === 0 ? end : Buffer.concat([...begun, end]));
      begun = [];
      from = at + 1;
    }
    // A stream may use its buffer again.
    if (from < chunk.length) begun.push(Uint8Array.prototype.slice.call(chunk, from));
  }
  if (begun.length > 0) yield* splitter.line(Buffer.concat(begun));
  yield* splitter.end();
}

/** What the document is so far: not yet to be told, YAML until the next separator, or a JSON value not yet closed. */
type Mode = 'start' | 'yaml' | 'json';

class Splitter {
  #mode: Mode = 'start';
  #lines: Uint8Array[] = [];
  #hasDirective = false;
  #line = 1;
  readonly #json = new JsonValue();

  *line(line: Uint8Array): Generator<DocumentBytes> {
    // No JSON goes over such a line: a text of it has no line ends.
    if (isSeparator(line)) {
      // Directives belong to the document whose `---` follows them.
      if (!(this.#mode === 'start' && this.#hasDirective)) yield* this.#flush();
      this.#push(line);
      this.#mode = 'start';
      this.#hasDirective = false;
      return;
    }
    if (this.#mode === 'start') this.#mode = this.#begin(line);
    if (this.#mode !== 'json') return this.#push(line);
    const end = this.#json.read(line);
    if (end === undefined) return this.#push(line);
    this.#push(line.subarray(0, end));
    if (!this.#json.isJson()) {
      // YAML that begins with a brace: it goes on to the next separator.
      this.#push(line.subarray(end));
      this.#mode = 'yaml';
      return;
    }
    const rest = line.subarray(end);
    if (isBlank(rest)) {
      this.#push(rest);
      yield* this.#flush();
      return;
    }
    yield* this.#flush();
    yield* this.line(rest);
  }

  *end(): Generator<DocumentBytes> {
    yield* this.#flush();
  }

  #begin(line: Uint8Array): Mode {
    const text = Buffer.from(line.subarray(0, 256))
      .toString('latin1')
      .replace(/^\xEF\xBB\xBF/, '')
      .trimStart();
    if (text.startsWith('%')) this.#hasDirective = true;
    if (text === '' || text.startsWith('#') || text.startsWith('%')) return 'start';
    if (!text.startsWith('{') || this.#hasDirective) return 'yaml';
    this.#json.start();
    return 'json';
  }

  #push(line: Uint8Array): void {
    if (line.length > 0) this.#lines.push(line);
  }

  *#flush(): Generator<DocumentBytes> {
    this.#mode = 'start';
    this.#hasDirective = false;
    if (this.#lines.length === 0) return;
    const bytes = Buffer.concat(this.#lines);
    yield { bytes, line: this.#line };
    this.#lines = [];
    for (const byte of bytes) if (byte === NEWLINE) this.#line += 1;
  }
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE);
}

/** `---` at the margin, then nothing or a comment. */
function isSeparator(line: Uint8Array): boolean {
  // Nearly every line is told by its first byte.
  const first = line[0] === 0xef ? 3 : 0;
  if (line[first] !== 0x2d || line[first + 1] !== 0x2d || line[first + 2] !== 0x2d) return false;
  return /^[ \t\v\f]*(?:[ \t]#.*|#.*)?\r?\n?$/.test(Buffer.from(line.subarray(first + 3)).toString('latin1'));
}

/** Finds the end of a JSON object by its brackets and quotes. */
class JsonValue {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #parts: Uint8Array[] = [];

  start(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#parts = [];
  }

  /** The offset behind the value when it ends within these bytes. */
  read(bytes: Uint8Array): number | undefined {
    for (const [index, byte] of bytes.entries()) {
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === 0x5c) this.#escaped = true;
        else if (byte === 0x22) this.#inString = false;
      } else if (byte === 0x22) this.#inString = true;
      else if (byte === 0x7b || byte === 0x5b) this.#depth += 1;
      else if (byte === 0x7d || byte === 0x5d) {
        this.#depth -= 1;
        if (this.#depth > 0) continue;
        this.#parts.push(bytes.subarray(0, index + 1));
        return index + 1;
      }
    }
    this.#parts.push(bytes);
    return undefined;
  }

  /** Whether what was read is JSON, and not YAML that looks like it. */
  isJson(): boolean {
    try {
      JSON.parse(
        Buffer.concat(this.#parts)
          .toString('utf8')
          .replace(/^\uFEFF/, ''),
      );
      return true;
    } catch {
      return false;
    }
  }
}
