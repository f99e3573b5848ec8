import type { Random } from './random.ts';

/** Values that no key is for. */
export const TEXTS = [
  ...['', ' ', '\u0000', 'a\nb', '\r\n', '\t', '\u001b[31m', '\u0085', '\u2028', '\ufeff', '\u202e'],
  ...[
    '80;',
    '1e3',
    '-1',
    '0',
    '65536',
    '99999999999999999999',
    '8０80',
    '８０',
    '0x50',
    '80.0',
    '+80',
    ' 80 ',
  ],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'null', 'undefined', 'NaN'],
  ...[
    '${x}',
    '$(X)',
    '{{.}}',
    '<script>',
    '"',
    "'",
    '\\',
    '%',
    '%zz',
    '%00',
    '#',
    '?a=b',
    '/../..',
    '//',
    '~0~1',
  ],
  ...['\ud800', '\udfff', 'a\ud83d', '👩‍👩‍👧‍👦', 'é', 'İ', 'ﬀ', '１'],
  ...[
    '80; proxy_pass http://x',
    "/metrics' or 1",
    'a,b,,c',
    ',',
    'http,,statsd',
    'HTTP',
    'httpp',
    'statsd,statsd',
  ],
  ...['5s5s', '1y1w1d1h1m1s1ms', '-5s', '1', '999999999999h', '5 s', 'Inherit', '1.5s'],
  ...[
    '[',
    ']',
    '{',
    '}',
    '[]',
    '{}',
    '[null]',
    '- ',
    ': ',
    '*a',
    '&a',
    '!!js/function x',
    '!!binary x',
    '|',
    '>',
  ],
] as const;

/** YAML that is no list of targets and no mapping, or nearly one. */
export const YAML = [
  '[{container: __proto__, port: 80}]',
  '[{__proto__: {port: 80}}]',
  '[{constructor: {prototype: {port: 80}}, port: 8080}]',
  '[{port: 80, port: 81}]',
  '[{port: 9223372036854775807}]',
  '[{port: 1e3}, {port: .inf}, {port: .nan}, {port: 0x50}, {port: 0o17}]',
  '[{port: null, path: null, container: ~}]',
  '[{port: [80], path: {a: b}}]',
  '[{port: 2001-01-01, path: !!binary aGk=}]',
  '- &a {port: 80}\n- *a\n- *a',
  '&a [*a]',
  'a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: &d [*c, *c]\n',
  '- &a [&b [&c {port: 80}, *c], *b]\n- *a',
  '[{<<: {port: 80}}]',
  '{<<: [{port: 80}]}',
  '? [a, b]\n: {port: 80}',
  '- port: 80\n  path: /x\n---\n- port: 81',
  '%YAML 1.1\n---\n- {port: 0777}',
  'targets: [{port: 80}]',
  '7',
  '"text"',
  'null',
  '- - - - - - - - - 1',
  '[{params: {a: b}}, {params: [a]}, {params: "a=b&&=&c"}]',
  '\t- port: 80',
  '- port: 80\n path: x\n   y',
  '[{port: 80, nonsense: 1, Port: 2, prot: 3}]',
];

/** Text that no key is for. */
export function hostileText(random: Random): string {
  const kind = random.below(100);
  if (kind < 70) return random.pick(TEXTS);
  if (kind < 85) return random.pick(TEXTS) + random.pick(TEXTS);
  if (kind < 99) return random.list(random.below(24), () => anyCharacter(random)).join('');
  return random
    .pick(['x', '[', '{a: ', '- ', '&a ', '1', '/', 'a,', '\u0000', '\ud800', '"'])
    .repeat(huge(random));
}

/** YAML that is no list of targets and no mapping, or nearly one. */
export function hostileYaml(random: Random): string {
  if (random.percent(60)) return random.pick(YAML);
  if (random.percent(60)) return cut(random, random.pick(YAML));
  return hostileText(random);
}

/** A UTF-16 unit, mostly of the lower planes, sometimes half a pair. */
function anyCharacter(random: Random): string {
  const bound = random.pick([0x80, 0x80, 0x80, 0x250, 0x3000, 0x10000]);
  return String.fromCharCode(random.below(bound));
}

/** Mostly some hundred, rarely as much as makes annotations too large. */
export function huge(random: Random): number {
  return random.percent(97) ? random.between(100, 2_000) : random.between(2_000, 280_000);
}

/** Something taken out of `text`, or put into it. */
function cut(random: Random, text: string): string {
  const at = random.below(text.length + 1);
  return random.percent(50)
    ? text.slice(0, at) + text.slice(at + random.between(1, 4))
    : text.slice(0, at) + hostileText(random) + text.slice(at);
}
