import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { yamlText } from '../../src/core/yaml-text.ts';
import { splitDocuments } from '../../src/manifests/documents.ts';
import { isFault, readManifest } from '../../src/manifests/manifest.ts';
import { ensureBinaries, whyUnavailable } from '../cluster/binaries.ts';
import { skipOrFail } from '../cluster/require.ts';
import { ODD_WORDS, oddTexts } from '../core/odd-texts.ts';

/** What podscrape reads in a manifest is what the real kubectl reads. */

const SCALARS = [
  ...[
    'yes',
    'Yes',
    'YES',
    'no',
    'on',
    'On',
    'off',
    'OFF',
    'y',
    'Y',
    'n',
    'true',
    'True',
    'FALSE',
    'yEs',
    'tRue',
  ],
  ...['~', 'null', 'Null', 'NULL', '', 'nUll', '"~"', "'null'"],
  ...[
    '0',
    '00',
    '0777',
    '0o17',
    '0O17',
    '08',
    '09.5',
    '0x1F',
    '0X1f',
    '0b11',
    '-0b11',
    '0b-11',
    '+12',
    '-12',
  ],
  ...['1_000', '_1', '1__0', '1_', '0x_1', '0o1_7', '9007199254740993', '-9223372036854775808'],
  ...['9223372036854775807', '9223372036854775808', '18446744073709551615', '18446744073709551616'],
  ...['1e3', '1E3', '1.', '.5', '1.5e-3', '+.5', '-1.50', '1e', '1.2.3', '1_0.5', '12e03', '0.1', '6.02e23'],
  ...['1:30', '190:20:30', '2001-01-01', '2001-01-01T00:00:00Z', '2001-12-14 21:59:43.10', '12:30'],
  ...['10m', '128Mi', '0.5', '1k', '=', '<<x', '-', '--', '.', '..', '@a', '`', '%a', 'a: b', 'a #b', 'a#b'],
  ...['!!str 5', '!!str yes', '!!int "5"', '!!float 1', '!!bool yes', '!!null ""', '!!binary aGk=', '! 5'],
  ...['"\\u263a\\x41"', "'it''s'", '"a\\\n    b"', '"tab\\there"', '"5"', "'yes'"],
  ...[
    '|\n    a\n    b',
    '|-\n    a',
    '>\n    a\n    b\n\n    c',
    '|+\n    a\n',
    '|2\n     a\n    b',
    'a\n    b',
  ],
  ...[
    '[1, yes, ~, ]',
    '{a: 1, b}',
    '{a: , "b":1}',
    '[a, [b], {c: d}]',
    '{}',
    '[]',
    '[\n    a,\n    b\n    ]',
  ],
  ...['{? a : b}', '{a: [1, 2], b: {c: "}"}}', '- a\n  - b', 'http://a/b?c=d', 'a:b', '-1', '- -1', '"a" '],
];

/** What go-yaml does not read in a list. */
const REFUSED = ['@a', '`', '%a', 'a: b: c', '!!int a', '[a', '"\\z"', '*none'];

const DOCUMENTS: Readonly<Record<string, string>> = {
  'keys that are no texts': 'v: {1: a, 1_000: b, yes: c, 1.50: d, 0x10: e, 2001-01-01: f, n: g}\n',
  'keys that are there twice': 'v: {a: 1, a: 2}\nw: 1\nw: {b: 2}\n',
  'a merge key before and after': 'a: &a {x: 1, y: 2}\nv: {x: 3, <<: *a, y: 4}\nw:\n  <<: *a\n  x: 5\n',
  'a merge of a list': 'a: &a {x: 1, y: 2}\nb: &b {x: 3, z: 4}\nv: {<<: [*a, *b]}\nw: {<<: [*b, {q: 1}]}\n',
  'a merge of what is merged': 'a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nv: {<<: *b, z: 3}\n',
  'a quoted merge key': 'a: &a {x: 1}\nv: {"<<": 1}\n',
  'anchors set twice': 'a: &a 1\nb: *a\nc: &a 2\nd: *a\n',
  'anchors of all kinds': 'a: &a [1, &b {c: &d e}]\nv: [*a, *b, *d]\n&k k: *k\n',
  'lists at the margin': 'v:\n- a\n-   b: 1\n    c: 2\n- - d\n  - e\nw: 1\n',
  'line ends of Windows': 'v: |\r\n  a\r\n  b\r\nw: "c\r\n  d"\r\nx:\r\n- 1\r\n',
  comments: '# a\nv: # b\n  # c\n  w: x # d\n# e\n  y: z\n# f\n',
  'a byte order mark': '\uFEFFv: 1\n',
  'no last line end': 'v: |\n  a\n  b',
};

const FRAMES: Readonly<Record<string, string>> = {
  'one without marks': 'NAME',
  'two, and empty ones': 'NAME---\nNAME---\n---\n# nothing\n---\n',
  'marks with space and comments': '---  \nNAME--- # next\nNAME---\t\nNAME',
  'marks that are none': 'NAMEtext: a\n  ---b\nmore: --- c\n',
  'JSON one after another': '{JSON}{JSON}\n{JSON}\n\n{JSON}',
  'an end mark': 'NAME...\n---\nNAME...\n',
  'marks in a block text': 'NAMEtext: |\n  a\n  ---\n  b\n---\nNAME',
};

describe(
  'a manifest means what it means to kubectl',
  skipOrFail('kubectl', await whyUnavailable(['kubectl']), process.env),
  () => {
    let kubectl = '';
    before(async () => {
      ({ kubectl } = await ensureBinaries(['kubectl']));
    });

    /** What kubectl reads; undefined where it does not. */
    function read(text: string): unknown {
      const args = ['annotate', '--local', '-f', '-', 'example.com/read=true', '-o', 'json'];
      const { status, stdout } = spawnSync(kubectl, args, { input: text, encoding: 'utf8' });
      return status === 0 ? JSON.parse(stdout) : undefined;
    }

    function names(text: string): readonly string[] {
      const output = 'jsonpath={.metadata.name}{"\\n"}';
      const args = ['annotate', '--local', '-f', '-', 'example.com/read=true', '-o', output];
      const { status, stdout, stderr } = spawnSync(kubectl, args, { input: text, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return stdout.split('\n').filter((name) => name !== '');
    }

    const HEAD =
      'apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a, annotations: {example.com/read: "true"}}\n';

    function compare(text: string): void {
      const theirs = read(text);
      const ours = readManifest(text);
      if (theirs === undefined) assert.ok(isFault(ours), `kubectl does not read it: ${text}`);
      else {
        assert.ok(!isFault(ours), isFault(ours) ? `kubectl reads it, but: ${ours.message}: ${text}` : '');
        assert.deepEqual(rounded(ours.value), theirs, text);
      }
    }

    it('every scalar that both read', () => {
      // All of them in one call; one that kubectl refused would take the others along.
      const text = `${HEAD}v:\n${SCALARS.filter((scalar) => !REFUSED.includes(scalar))
        .map((scalar) => `- ${scalar}\n`)
        .join('')}`;
      compare(text);
    });

    for (const scalar of REFUSED) it(`refused: ${scalar}`, () => compare(`${HEAD}v: ${scalar}\n`));

    for (const [name, text] of Object.entries(DOCUMENTS)) {
      it(name, () => {
        const isMarked = text.startsWith('\uFEFF');
        compare(isMarked ? `\uFEFF${HEAD}${text.slice(1)}` : `${HEAD}${text}`);
      });
    }

    for (const name of ['block', 'empty-parents', 'flow', 'indented-by-four', 'normalised']) {
      it(`what inject wrote: ${name}`, () => {
        const text = readFileSync(join(import.meta.dirname, 'golden', name, 'output.yaml'), 'utf8');
        const theirs = read(text) as { metadata: { annotations: Record<string, string> } };
        delete theirs.metadata.annotations['example.com/read'];
        const ours = readManifest(text);
        assert.ok(!isFault(ours));
        assert.deepEqual(rounded(ours.value), theirs);
      });
    }

    it('what the commands print in YAML', () => {
      const texts = [...ODD_WORDS, ...fc.sample(oddTexts, { numRuns: 500, seed: 20261121 })];
      const v = texts.map((text) => [text, { [text]: text }]);
      assert.deepEqual((read(`${HEAD}${yamlText({ v })}`) as { v?: unknown } | undefined)?.v, v);
    });

    for (const [name, frame] of Object.entries(FRAMES)) {
      it(`a stream: ${name}`, async () => {
        let count = 0;
        const text = frame.replace(/NAME|\{JSON\}/g, (mark) => {
          count += 1;
          const json = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"n${count}"}}`;
          return mark === 'NAME'
            ? `apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: n${count}}\n`
            : json;
        });
        const theirs = names(text);
        const ours: string[] = [];
        for await (const { bytes } of splitDocuments([Buffer.from(text)])) {
          const document = readManifest(Buffer.from(bytes).toString());
          assert.ok(!isFault(document), JSON.stringify(document));
          ours.push(...namesOf(document.value));
        }
        assert.deepEqual(ours, theirs);
      });
    }
  },
);

/** As JSON has it: numbers are floats. */
function rounded(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rounded(inner)]));
}

function namesOf(value: unknown): readonly string[] {
  const { kind, items, metadata } = (value ?? {}) as {
    readonly kind?: string;
    readonly items?: readonly unknown[];
    readonly metadata?: { readonly name?: string };
  };
  return kind === 'List'
    ? (items ?? []).flatMap(namesOf)
    : metadata?.name === undefined
      ? []
      : [metadata.name];
}
