/** Go's long names of categories, in canonical form. */
const ALIASES: Readonly<Record<string, string>> = {
  Casedletter: 'Lc',
  Closepunctuation: 'Pe',
  Cntrl: 'Cc',
  Combiningmark: 'M',
  Connectorpunctuation: 'Pc',
  Control: 'Cc',
  Currencysymbol: 'Sc',
  Dashpunctuation: 'Pd',
  Decimalnumber: 'Nd',
  Digit: 'Nd',
  Enclosingmark: 'Me',
  Finalpunctuation: 'Pf',
  Format: 'Cf',
  Initialpunctuation: 'Pi',
  Letter: 'L',
  Letternumber: 'Nl',
  Lineseparator: 'Zl',
  Lowercaseletter: 'Ll',
  Mark: 'M',
  Mathsymbol: 'Sm',
  Modifierletter: 'Lm',
  Modifiersymbol: 'Sk',
  Nonspacingmark: 'Mn',
  Number: 'N',
  Openpunctuation: 'Ps',
  Other: 'C',
  Otherletter: 'Lo',
  Othernumber: 'No',
  Otherpunctuation: 'Po',
  Othersymbol: 'So',
  Paragraphseparator: 'Zp',
  Privateuse: 'Co',
  Punct: 'P',
  Punctuation: 'P',
  Separator: 'Z',
  Spaceseparator: 'Zs',
  Spacingmark: 'Mc',
  Surrogate: 'Cs',
  Symbol: 'S',
  Titlecaseletter: 'Lt',
  Unassigned: 'Cn',
  Uppercaseletter: 'Lu',
};

/** What re2js has beyond Go: properties, scripts of a newer Unicode, and the absence of a script. */
const NOT_IN_GO: ReadonlySet<string> = new Set(
  'Alphabetic Dash Emoji Lowercase Math Uppercase Garay Sidetic Sunuwar Todhri Unknown'.split(' '),
);

/** An expression in re2js' spelling. */
export interface Re2jsText {
  readonly text: string;
  /** By Go's names, re2js' names of the groups, in order: Go lets groups have the same name. */
  readonly names: ReadonlyMap<string, readonly string[]>;
}

/** Quoted text · a Unicode class · any other escape · a group's name · parts of a bracketed class. */
const TOKEN =
  /\\Q[\s\S]*?(?:\\E|$)|\\([pP])(?:\{(\^?)([^}]*)\}|([a-zA-Z]))|\\[\s\S]|\((\?P?)<(\w+)>|\[:\^?\w+:\]|\[\^?\]?|\]/g;

/** The expression for re2js, or the class in it that Go does not know. */
export function re2jsText(text: string): Re2jsText | { readonly unknown: string } {
  const names = new Map<string, string[]>();
  let unknown: string | undefined;
  let groups = 0;
  let inClass = false;
  const classOf = (token: string, sign: string, not: string, name: string): string => {
    const canonical = canonicalName(name);
    if (NOT_IN_GO.has(canonical)) unknown ??= token;
    return `\\${sign}{${not}${ALIASES[canonical] ?? canonical}}`;
  };
  const groupOf = (start: string, name: string): string => {
    const unique = `g${++groups}`;
    names.set(name, [...(names.get(name) ?? []), unique]);
    return `(${start}<${unique}>`;
  };
  const rewritten = text.replace(TOKEN, (token, ...found: (string | undefined)[]) => {
    const [sign, not = '', braced, letter, start, name] = found;
    if (sign !== undefined) return classOf(token, sign, not, braced ?? letter ?? '');
    if (start !== undefined && name !== undefined && !inClass) return groupOf(start, name);
    // Within a class, a bracket that opens none is a character, and the next closes.
    if (token.startsWith('[') && !token.startsWith('[:')) inClass = !inClass || !token.endsWith(']');
    else if (token === ']') inClass = false;
    return token;
  });
  return unknown === undefined ? { text: rewritten, names } : { unknown };
}

/**
 * Names of Unicode classes as Go 1.26 takes them (regexp/syntax, canonicalName): the first letter large, the others
 * small, without `_`, `-` and spaces, so that `\p{uppercase letter}` is one. No script whose name has two words can be
 * named (`\p{Old_Italic}` is refused), which is how it is in Prometheus too.
 */
function canonicalName(name: string): string {
  const plain = name.replace(/[_ -]/g, '');
  const first = plain.slice(0, 1);
  const rest = plain.slice(1).replace(/[A-Z]/g, (large) => large.toLowerCase());
  return (/[a-z]/.test(first) ? first.toUpperCase() : first) + rest;
}
