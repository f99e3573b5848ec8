import fc from 'fast-check';

/** Texts that some reader of YAML takes for something else, or cannot read, where they stand bare. */
export const ODD_WORDS: readonly string[] = [
  ...['=', '<<', '~', 'null', 'Null', 'yes', 'No', 'ON', 'off', 'y', 'n', 'True', 'tRue', ''],
  ...['0o17', '017', '08', '0x1F', '0b11', '0b-11', '1_000', '_1', '1_', '0x_1', '+12', '-0', '0777_'],
  ...['1:30', '190:20:30', '190:20:30.15', '99:99', '1:60', '1e3', '1E+5', '1.', '.5', '.5e+1', '12e03'],
  ...['+.inf', '-.INF', '.nan', '2001-01-01', '2001-12-14 21:59:43.10', '2001-12-14t21:59:43.10-05:00'],
  ...['-', '--', '---', '...', '? a', '- a', ': a', 'a:', 'a: b', 'a #b', '#a', '@a', '`a', '%a', '!a'],
  ...['&a', '*a', '|', '>', '{', '}', '[', ']', ',', '"', "'", "it's", '\\', '\\u0041', 'key: |\n x'],
  ...['a\nb', 'a\r\nb', '\na', 'a\n', '\n', 'a\n ', '  a\n b\nc', '\t', 'a\tb', '92\tx', ' a', 'a '],
  ...['\u0085', 'a\u0085b', 'a\n\u0085b', '\u2028', 'a\u2029b\n', '\u00A0', '\uFEFF', '\u009B31m'],
  ...['\u001B[31m', '\u007F', '\uFFFE', '\u0000', '\u0001', '\u{1F600}'],
];

const of = (characters: string, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from(characters)), maxLength });

/** Such texts, and any that are made of their characters. */
export const oddTexts: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom(...ODD_WORDS),
    of('0123456789_.:+-eETtZxob ', 10),
    of('09aA=<>~yn\n\t\r"\'#,[]{}&*!|%@`\\ :-\u0085\u2028\u00A0\uFEFF\u007F', 8),
    fc.string({ unit: 'binary', maxLength: 6 }),
  )
  .map((text) => text.toWellFormed());
