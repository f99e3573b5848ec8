import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkStatsdMapping } from '../../src/core/statsd-mapping.ts';
import { ACCEPTED, REFUSED, mappingWith } from './statsd-mappings.ts';

describe('checkStatsdMapping', () => {
  for (const [name, text] of Object.entries(ACCEPTED)) {
    it(`accepts ${name}`, () => assert.deepEqual(checkStatsdMapping(text), []));
  }
  for (const [text, messages] of REFUSED) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(checkStatsdMapping(text), messages));
  }

  it('tells all that is wrong at once, up to twenty and a count', () => {
    const messages = checkStatsdMapping(`mappings:\n${'- {match: a.b, name: x, nam: y}\n'.repeat(25)}`);
    assert.equal(messages.length, 21);
    assert.equal(messages[19], 'mappings[19].nam: unknown key; did you mean name?');
    assert.equal(messages[20], '5 more');
  });

  it('keeps every message short, on one line and free of control characters', () => {
    const long = 'é\\u0001\\n'.repeat(200);
    const texts = [
      mappingWith(`"${long}": x`),
      mappingWith(`labels: {"${long}": x}`),
      mappingWith(`ttl: "${long}"`),
    ];
    for (const message of texts.flatMap(checkStatsdMapping)) {
      assert.ok(message.length <= 90, message);
      assert.doesNotMatch(message, /\p{Cc}/u);
    }
  });
});

describe('checkStatsdMapping, of text that means harm', () => {
  const size = 256 * 1024;
  const fill = (piece: string): string => piece.repeat(Math.floor(size / piece.length));
  const bomb = Array.from({ length: 12 }, (_, i) =>
    i === 0
      ? '- &a0 {match: a, name: x}'
      : `- &a${i} {<<: [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]}`,
  ).join('\n');
  const chain = Array.from({ length: 4000 }, (_, i) => `- &a${i + 1} {<<: *a${i}, match: a, name: x}`).join(
    '\n',
  );
  const regexes = (pattern: string): string =>
    `mappings:\n- {name: x, match_type: regex, match: '${pattern}'}`;
  const cases: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    ['one character too many', `${fill('#')}#`, /^is 262145 characters long, at most 262144 are allowed$/],
    ['lists in lists', fill('['), /^line 1: is nested too deeply$/],
    ['mappings in mappings', fill('{a: '), /^line 1: is nested too deeply$/],
    ['dashes', fill('- '), /^line 1: is nested too deeply$/],
    [
      'merge keys in merge keys',
      `${'{<<: '.repeat(100)}{}${'}'.repeat(100)}`,
      /^line 1: is nested too deeply$/,
    ],
    [
      'blocks in blocks',
      Array.from({ length: 700 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /is nested too deeply$/,
    ],
    ['brackets that close nothing', fill('}'), /^line 1: nothing is open for this }$/],
    ['an alias bomb', `mappings:\n${bomb}`, /too many aliases; write the values out$/],
    [
      'a chain of aliases',
      `mappings:\n- &a0 {match: a, name: x}\n${chain}`,
      /aliases in aliases; write the values out$/,
    ],
    [
      'an alias of itself',
      'mappings: [&a {<<: *a}]',
      /^mappings\[0\]: an alias contains itself; write the values out$/,
    ],
    [
      'repetitions of repetitions',
      regexes('((a{90}){90}){20}'),
      /not an RE2 regular expression: invalid repeat count$/,
    ],
    ['a long program', regexes('a{1000}'.repeat(1000)), /too large to check; make them shorter$/],
    ['open brackets', regexes('['.repeat(100_000)), /not an RE2 regular expression/],
    [
      'a name that matches in many ways',
      mappingWith(`name: "${'$11'.repeat(20_000)}!"`),
      /is no metric name/,
    ],
    ['half a surrogate pair', 'mappings: \ud800', /^mappings: .* is not a list$/],
    ['a key of Object.prototype', '__proto__: {}\nconstructor: {}', /^__proto__: unknown key/],
  ];
  for (const [name, text, message] of cases) {
    it(`answers ${name}`, () => {
      const messages = checkStatsdMapping(text);
      assert.ok(
        messages.some((one) => message.test(one)),
        messages.join('\n'),
      );
    });
  }
});
