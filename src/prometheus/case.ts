import { isUnknownToGo } from './unicode.ts';

/** Go's strings.ToLower: each character by itself becomes one character, whatever stands around it. */
export function toLower(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return mapped(text, (character) => (character === 'İ' ? 'i' : character.toLowerCase()));
}

/** Go's strings.ToUpper: `ß`, whose capital form is two letters, stays. */
export function toUpper(text: string): string {
  if (ASCII.test(text)) return text.toUpperCase();
  return mapped(text, (character) => WITH_IOTA.get(character) ?? character.toUpperCase());
}

const ASCII = /^[\x00-\x7f]*$/;

/** Greek letters with an iota below: in JavaScript two capitals, in Go the one capital with an iota beside. */
const WITH_IOTA: ReadonlyMap<string, string> = new Map(
  'ᾈ ᾉ ᾊ ᾋ ᾌ ᾍ ᾎ ᾏ ᾘ ᾙ ᾚ ᾛ ᾜ ᾝ ᾞ ᾟ ᾨ ᾩ ᾪ ᾫ ᾬ ᾭ ᾮ ᾯ ᾼ ῌ ῼ'
    .split(' ')
    .map((capital) => [capital.toLowerCase(), capital]),
);

function mapped(text: string, map: (character: string) => string): string {
  let result = '';
  for (const character of text) {
    const other = map(character);
    const isOne = other.length === ((other.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
    result += isOne && !isUnknownToGo(character) && !isUnknownToGo(other) ? other : character;
  }
  return result;
}
