/** Generated regular expressions in the syntax of RE2, as Go reads it, and some outside it. */
import type { Random } from '../fuzz/random.ts';

const LITERALS = [
  'a',
  'b',
  'c',
  'ab',
  'A',
  'B',
  '1',
  '2',
  '0',
  '_',
  '-',
  ':',
  '/',
  ';',
  ',',
  ' ',
  '\n',
  'é',
  'ß',
  'ſ',
  'K',
  'Σ',
  'ς',
  'İ',
  '日',
  '😀',
  '𐐀',
  'ǅ',
  '}',
  ']',
  '\uffee',
] as const;
const ESCAPES = [
  '\\.',
  '\\d',
  '\\D',
  '\\w',
  '\\W',
  '\\s',
  '\\S',
  '\\b',
  '\\B',
  '\\A',
  '\\z',
  '\\x41',
  '\\x{1F600}',
  '\\x{e9}',
  '\\n',
  '\\t',
  '\\a',
  '\\f',
  '\\v',
  '\\101',
  '\\0',
  '\\07',
  '\\-',
  '\\:',
  '\\/',
  '\\Qa.b\\E',
  '\\Q*\\E',
  '\\Q(',
  '\\_',
  '\\\\',
  '\\$',
] as const;
const UNICODE = [
  '\\pL',
  '\\PL',
  '\\pN',
  '\\p{Lu}',
  '\\p{Ll}',
  '\\P{Lu}',
  '\\p{^Lu}',
  '\\P{^Lu}',
  '\\p{Greek}',
  '\\p{Latin}',
  '\\p{Han}',
  '\\pM',
  '\\p{Nd}',
  '\\pS',
  '\\pZ',
  '\\pC',
  '\\p{Cc}',
  '\\p{Any}',
  '\\p{Letter}',
  '\\p{letter}',
  '\\p{lu}',
  '\\p{Uppercase_Letter}',
  '\\p{uppercaseletter}',
  '\\p{greek}',
  '\\p{LC}',
  '\\p{Lc}',
  '\\p{L&}',
  '\\p{Assigned}',
  '\\p{ASCII}',
  '\\p{Ascii}',
  '\\p{Cn}',
  '\\p{Punct}',
  '\\p{punct}',
  '\\p{digit}',
  '\\p{Cs}',
  '\\p{Alphabetic}',
  '\\p{Emoji}',
  '\\p{Math}',
  '\\p{Lowercase}',
  '\\p{any}',
  '\\p{_Lu}',
  '\\p{ Lu}',
  '\\p{Script=Greek}',
  '\\p{Cyrillic}',
  '\\p{Unassigned}',
  '\\p{Lt}',
  '\\p{Nl}',
  '\\p{Cased_Letter}',
] as const;
const CLASSES = [
  '[a-c]',
  '[^a]',
  '[^a-z]',
  '[[:alpha:]]',
  '[[:^digit:]]',
  '[[:word:]]',
  '[\\d_]',
  '[^\\w]',
  '[a-]',
  '[-a]',
  '[]a]',
  '[^]a]',
  '[a\\]]',
  '[\\pL]',
  '[^\\pL1]',
  '[\\p{Lu}b]',
  '[\\x41-C]',
  '[é-ü]',
  '[A-Za-z0-9_]',
  '[\\s\\S]',
  '[^\\s\\S]',
  '[😀日]',
  '[\\-a]',
  '[[:lower:]A]',
  '[[:xdigit:]]',
  '[K]',
  '[a-zK]',
  '[\\W]',
  '[^\\D]',
  '[&&a]',
  '[[a]',
  '[.]',
] as const;
const WRONG = [
  '[\\b]',
  '[\\Q]\\E]',
  '\\E',
  '(?P<n>a)|(?P<n>b)',
  '[(?P<n>a]',
  '[[]',
  '(?<n>a)?(?<n>b)',
  '[[](?<n>.)',
  '\\pl',
  '\\p{old italic}',
  '\\p{Old_Italic}',
  '(',
  ')',
  '[',
  '*',
  '+',
  '?',
  '\\C',
  '\\Z',
  '\\1',
  '\\8',
  '\\h',
  '\\pX',
  '\\p{Nope}',
  '\\p',
  '\\p{',
  '[b-a]',
  '[[:nope:]]',
  'a**',
  'a*{2}',
  'a+?+',
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(?<!a)',
  '(?P<n',
  '(?P<>a)',
  '(?P<1é>a)',
  '(?P=n)',
  '(?P<n>a)(?P<n>b)',
  '(?<n>a)(?<n>b)',
  '(?i',
  '(?x)a',
  '(?z)',
  '(?-)',
  '(?i-)',
  '(?--i)',
  '(?)',
  '(?#a)',
  '(?>a)',
  'a{1001}',
  '(a{100}){100}',
  '(?:a{500}){3}',
  'a{2,1}',
  'a{1000}',
  'a{0}',
  'a{,2}',
  'a{2',
  'a{}',
  'a{01}',
  'x{2}{3}',
  '\\',
  '[a',
  '[\\',
  '(?i)(?-i)',
  '\\x{110000}',
  '\\x{}',
  '\\xg',
  '\\u0041',
  '\\cA',
  '\\e',
  '\\é',
  '\\G',
  '\\K',
  '\\R',
  '\\X',
  '\\N',
  '|',
  '^*',
  '$+',
  '\\b+',
  '(?:)*',
  '()*',
  '(|a)*',
  '(a|)*',
  '(a*)+',
  '(?:a*)*?',
  '^{2}',
  '(?i:[k])',
  '\\Qa\\Eb',
  '\\Q\\E*',
  'a)|(?:b',
  'a)(?:b',
  'a)|(b',
  '.*)|(?m:^b$)|(?:',
  '(?m)^a$',
  'a|*',
  '(*)',
  '(?P<a>x)(?<b>y)',
  '{',
  '{1}',
  'a{2}{',
  '(?i)ſ',
  '(?i)k',
  '(?is)a.b',
] as const;
/** What leaves the group that Prometheus wraps around an expression, and other rarities that are valid. */
const LEAVING = [
  'a)|(?:b',
  'a)(?:b',
  'a)|(b',
  '.*)|(?m:^b$)|(?:',
  '(?P<a>x)(?<b>y)',
  '(?P<s>a)|(?P<s>b)',
  '{',
  '(?i)k',
  '(?is)a.b',
] as const;
const FLAGS = ['i', 's', 'm', 'U', '-s', 'i-s', 'is', 'im-s', '-U', 'iU', '-i', 'ii'] as const;
const REPEATS = [
  '*',
  '+',
  '?',
  '*?',
  '+?',
  '??',
  '{2}',
  '{1,3}',
  '{0,2}',
  '{1,}',
  '{2,}?',
  '{0}',
  '{0,}',
  '{3}?',
] as const;

/** `odd`: perhaps outside the syntax. */
export function randomRegex(random: Random, odd: boolean): string {
  const text = alternation(random, random.between(0, 3), { count: 0 });
  if (!odd) return text;
  const at = random.below(text.length + 1);
  const wrong = random.pick(WRONG);
  return (random.percent(50) ? wrong : text.slice(0, at) + wrong + text.slice(at)).toWellFormed();
}

/** How many named groups there are, so that names differ. */
interface Names {
  count: number;
}

function alternation(random: Random, depth: number, names: Names): string {
  const count = random.percent(25) ? random.between(2, 4) : 1;
  return random.list(count, () => sequence(random, depth, names)).join('|');
}

function sequence(random: Random, depth: number, names: Names): string {
  return random
    .list(random.percent(5) ? 0 : random.between(1, 4), () => repeated(random, depth, names))
    .join('');
}

function repeated(random: Random, depth: number, names: Names): string {
  const atom = oneAtom(random, depth, names);
  return random.percent(40) ? atom + random.pick(REPEATS) : atom;
}

function oneAtom(random: Random, depth: number, names: Names): string {
  const kind = random.below(depth > 0 ? 100 : 70);
  if (kind < 25) return random.pick(LITERALS);
  if (kind < 40) return '.';
  if (kind < 50) return random.pick(ESCAPES);
  if (kind < 56) return random.percent(92) ? random.pick(UNICODE.slice(0, 17)) : random.pick(UNICODE);
  if (kind < 66) return random.pick(CLASSES);
  if (kind < 68) return random.pick(['^', '$', '(?i)', '(?m)', '(?-s)', '(?U)', '(?s)']);
  if (kind < 70) return random.pick(LEAVING);
  const inner = (): string => alternation(random, depth - 1, names);
  if (kind < 84) return `(${inner()})`;
  if (kind < 90) return `(?:${inner()})`;
  if (kind < 95) return `(?${random.pick(FLAGS)}:${inner()})`;
  const name = names.count === 0 ? 'n' : names.count === 1 ? 'm' : `n${names.count}`;
  names.count++;
  return `(?${random.pick(['P', ''])}<${name}>${inner()})`;
}
