import { stringify } from 'yaml';

/** Ways to write one object down; each gives the same values. */
export const STYLES: Readonly<Record<string, (object: unknown) => string>> = {
  'YAML, lists at the margin of their key': (object) => stringify(object, { indentSeq: false, ...YAML }),
  'YAML, four columns': (object) => stringify(object, { indent: 4, ...YAML }),
  'YAML, quoted': (object) =>
    stringify(object, { defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'QUOTE_DOUBLE', ...YAML }),
  'YAML, with CRLF': (object) => stringify(object, YAML).replaceAll('\n', '\r\n'),
  'YAML, flow': (object) => stringify(object, { collectionStyle: 'flow', ...YAML }),
  'YAML, flow, on lines': (object) => stringify(object, { collectionStyle: 'flow', ...YAML, lineWidth: 60 }),
  'YAML without a last line end': (object) => stringify(object, YAML).trimEnd(),
  'YAML behind a byte order mark': (object) => `\uFEFF${stringify(object, YAML)}`,
  'YAML with comments': (object) => commented(stringify(object, YAML)),
  'YAML between marks': (object) => `%YAML 1.1\n--- # first\n${stringify(object, YAML)}...\n# end\n`,
  'JSON on one line': (object) => JSON.stringify(object),
  'JSON, two columns': (object) => `${JSON.stringify(object, null, 2)}\n`,
  'JSON, tabs': (object) => `${JSON.stringify(object, null, '\t')}\n`,
};

const YAML = { lineWidth: 0, compat: 'yaml-1.1', aliasDuplicateObjects: false } as const;

/** A comment behind every line that can bear one, and lines of comments and blanks between, but for block texts. */
function commented(text: string): string {
  const lines: string[] = ['# first'];
  let block: number | undefined;
  for (const line of text.split('\n')) {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    if (block !== undefined && (line.trim() === '' || indent > block)) {
      lines.push(line);
      continue;
    }
    const begins = /[|>][-+0-9]*$/.test(line);
    block = begins ? indent : undefined;
    lines.push(begins || line === '' ? line : `${line}  # ${line.length}`);
    if (!begins) lines.push(`${' '.repeat(line.length % 7)}# between`, '');
  }
  return lines.join('\n');
}
