import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { splitDocuments } from '../../src/manifests/documents.ts';

async function split(text: string, size = text.length || 1): Promise<readonly (readonly [string, number])[]> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
  const found: (readonly [string, number])[] = [];
  for await (const document of splitDocuments(chunks))
    found.push([Buffer.from(document.bytes).toString(), document.line]);
  return found;
}

/** Text, and its documents with the line that each begins in. */
const TABLE: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  nothing: [],
  'one document': [['a: 1\n', 1]],
  'without a last line end': [['a: 1', 1]],
  two: [
    ['a: 1\n', 1],
    ['---\nb: 2\n', 2],
  ],
  'a comment before, and one behind a mark': [
    ['# a\n', 1],
    ['--- # b\nb: 2\n', 2],
  ],
  'empty ones': [
    ['---\n', 1],
    ['---\n', 2],
    ['---\n# c\n', 3],
    ['---', 5],
  ],
  'marks that are none': [['a: |\n  ---\nb: ---\n--- x\n---y\n ---\n', 1]],
  'space behind a mark, and CRLF': [
    ['a: 1\r\n', 1],
    ['--- \t\r\nb: 2\r\n', 2],
  ],
  'an end mark stays with its document': [
    ['a: 1\n...\n', 1],
    ['---\nb: 1\n', 3],
  ],
  'a directive belongs to what follows': [
    ['# c\n%YAML 1.1\n---\na: 1\n', 1],
    ['---\nb: 1\n', 5],
  ],
  'a byte order mark': [['\uFEFF---\na: 1\n', 1]],
  'JSON in a row': [
    ['{"a": "}"}', 1],
    ['{"b": [{}]}\n', 1],
    ['\n{\n"c": "\\"{"}\n', 2],
  ],
  'JSON between marks': [
    ['{"a": 1}\n', 1],
    ['---\n{"b": 1}\n', 2],
    ['{"c": 1}\n', 4],
    ['---\nd: 1\n', 5],
  ],
  'YAML that begins with a brace': [['{a: 1,\n b: 2} # c\n', 1]],
  'YAML with an odd quote in braces': [
    ['{a: b"c}\n', 1],
    ['---\nd: 1\n', 2],
  ],
  'JSON that does not end': [['{"a": 1,\n', 1]],
};

describe('a stream is cut into documents', () => {
  for (const [name, documents] of Object.entries(TABLE)) {
    it(name, async () => {
      const text = documents.map(([part]) => part).join('');
      assert.deepEqual(await split(text), documents);
      for (const size of [1, 2, 3, 7])
        assert.deepEqual(await split(text, size), documents, `${size} bytes at once`);
    });
  }

  it('loses nothing, and cuts alike however the bytes arrive', async () => {
    const pieces = fc.constantFrom(
      ...[
        '---',
        '--- ',
        '--- # x',
        '...',
        '%YAML 1.1',
        '{"a":1}',
        '{',
        '}',
        '"',
        "'",
        '\\',
        '[',
        ']',
        'a: 1',
        '# c',
        ' ',
        '\t',
      ],
      ...['\n', '\r\n', '\n', 'é', '\u{1F600}', '\uFEFF'],
    );
    const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(texts, fc.integer({ min: 1, max: 9 }), async (text, size) => {
        const whole = await split(text);
        assert.equal(whole.map(([part]) => part).join(''), text);
        assert.deepEqual(await split(text, size), whole);
        let line = 1;
        for (const [part, begins] of whole) {
          assert.equal(begins, line);
          line += part.split('\n').length - 1;
        }
      }),
      { seed: 20261121, numRuns: 2000 },
    );
  });
});
