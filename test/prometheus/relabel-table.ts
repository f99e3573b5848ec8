import type { NameValidation } from '../../src/prometheus/relabel-rule.ts';
import type { RelabelConfig } from '../../src/prometheus/scrape-config.ts';

/** Rules, labels and what comes of them; a test asks Prometheus' own code for the same. */
export interface RelabelRow {
  readonly what: string;
  readonly validation?: NameValidation;
  readonly rules: readonly RelabelConfig[];
  readonly labels: Readonly<Record<string, string>>;
  /** Null where they are dropped. */
  readonly want: Readonly<Record<string, string>> | null;
}

const hash = (modulus: number | bigint): RelabelConfig => ({
  action: 'hashmod',
  source_labels: ['a'],
  target_label: 't',
  modulus,
});

const copy = (regex: string, replacement?: string): RelabelConfig => ({
  source_labels: ['a'],
  regex,
  target_label: 't',
  ...(replacement === undefined ? {} : { replacement }),
});

export const RELABEL_TABLE: readonly RelabelRow[] = [
  row(
    'replace copies a value',
    [{ source_labels: ['a'], target_label: 't' }],
    { a: 'x' },
    { a: 'x', t: 'x' },
  ),
  row(
    'source labels are joined with ;, absent ones as empty',
    [{ source_labels: ['a', 'none', 'b'], target_label: 't' }],
    { a: 'x', b: 'y' },
    { a: 'x', b: 'y', t: 'x;;y' },
  ),
  row(
    'a separator may be empty',
    [{ source_labels: ['a', 'b'], separator: '', target_label: 't' }],
    { a: 'x', b: 'y' },
    { a: 'x', b: 'y', t: 'xy' },
  ),
  row('replace without a match does nothing', [copy('y(.*)')], { a: 'x', t: 'old' }, { a: 'x', t: 'old' }),
  row('an empty result takes the label away', [copy('(y*).*')], { a: 'x', t: 'old' }, { a: 'x' }),
  row('a constant, without source labels', [{ target_label: 't', replacement: 'x' }], {}, { t: 'x' }),
  row('an empty constant takes the label away', [{ target_label: 't', replacement: '' }], { t: 'x' }, {}),
  row(
    'the target is expanded too',
    [{ source_labels: ['a', 'b'], regex: '(.+);(.+)', target_label: 'l_$1', replacement: '$2' }],
    { a: 'x', b: 'y' },
    { a: 'x', b: 'y', l_x: 'y' },
  ),
  row(
    'a target that becomes no legacy name is not written',
    [{ source_labels: ['a'], regex: '(.+)', target_label: '${1}', replacement: 'y' }],
    { a: 'x-y' },
    { a: 'x-y' },
    'legacy',
  ),
  row(
    'as UTF-8 it is a name',
    [{ source_labels: ['a'], regex: '(.+)', target_label: '${1}', replacement: 'y' }],
    { a: 'x-y' },
    { a: 'x-y', 'x-y': 'y' },
  ),
  row(
    'an empty target is not written',
    [{ ...copy('(y*).*', 'z'), target_label: '$1' }],
    { a: 'x' },
    { a: 'x' },
  ),
  row('the regex must match all of the value', [copy('x')], { a: 'xx' }, { a: 'xx' }),
  row('a dot matches a line break', [copy('(x.y)')], { a: 'x\ny' }, { a: 'x\ny', t: 'x\ny' }),
  row(
    'a regex can leave the group that it is wrapped in',
    [copy('a)|(?:b', 'z')],
    { a: 'a and more' },
    { a: 'a and more', t: 'z' },
  ),
  row('$1x is the group 1x', [copy('(x)', '$1x-${1}x')], { a: 'x' }, { a: 'x', t: '-xx' }),
  row('$$ and a lone $', [copy('(x)', '$$1 $ ${ ${1 $-')], { a: 'x' }, { a: 'x', t: '$1 $ ${ ${1 $-' }),
  row(
    '$0 is all of it; unknown groups are empty',
    [copy('(x)y', '$0|$2|$n')],
    { a: 'xy' },
    { a: 'xy', t: 'xy||' },
  ),
  row('a leading zero makes a name', [copy('(x)', 'a${01}b')], { a: 'x' }, { a: 'x', t: 'ab' }),
  row('names in both spellings', [copy('(?P<p>x)(?<q>y)', '$q$p')], { a: 'xy' }, { a: 'xy', t: 'yx' }),
  row(
    'of groups with one name the first that took part',
    [copy('(?P<n>x)|(?P<n>y)', '<$n>')],
    { a: 'y' },
    { a: 'y', t: '<y>' },
  ),
  row('a name in brackets is none', [copy('([(?P<n>]+)')], { a: '(<Pn' }, { a: '(<Pn', t: '(<Pn' }),
  row(
    'long names of Unicode classes',
    [copy('(\\p{uppercase letter}\\p{Decimal_Number}\\pl)')],
    { a: 'É٣日' },
    { a: 'É٣日', t: 'É٣日' },
  ),
  row('quoted text is no class', [copy('\\Q\\pL\\E', 'z')], { a: '\\pL' }, { a: '\\pL', t: 'z' }),
  row('(?U) swaps greed', [copy('(?U)(x+)(.*)', '$1')], { a: 'xxx' }, { a: 'xxx', t: 'x' }),
  row('case folds beyond ASCII', [copy('(?i)k', 'z')], { a: '\u212a' }, { a: '\u212a', t: 'z' }),
  row(
    'rules see what earlier ones wrote',
    [copy('(.*)'), { action: 'keep', source_labels: ['t'], regex: 'x' }],
    { a: 'x' },
    { a: 'x', t: 'x' },
  ),
  row(
    'keep drops what does not match',
    [{ action: 'keep', source_labels: ['a'], regex: 'y' }],
    { a: 'x' },
    null,
  ),
  row(
    'keep of an absent label matches empty',
    [{ action: 'keep', source_labels: ['b'], regex: '' }],
    { a: 'x' },
    { a: 'x' },
  ),
  row('drop drops what matches', [{ action: 'drop', source_labels: ['a'], regex: 'x|y' }], { a: 'x' }, null),
  row(
    'drop lets pass what does not',
    [{ action: 'drop', source_labels: ['a'], regex: 'y' }],
    { a: 'x' },
    { a: 'x' },
  ),
  row(
    'keepequal compares',
    [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }],
    { a: 'x', b: 'y' },
    null,
  ),
  row(
    'keepequal passes where both are empty',
    [{ action: 'keepequal', source_labels: ['a'], target_label: 'b' }],
    { c: 'x' },
    { c: 'x' },
  ),
  row(
    'dropequal drops where both are empty',
    [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }],
    { c: 'x' },
    null,
  ),
  row(
    'dropequal lets others pass',
    [{ action: 'dropequal', source_labels: ['a'], target_label: 'b' }],
    { a: 'x' },
    { a: 'x' },
  ),
  row('hashmod of few', [hash(8)], { a: 'x' }, { a: 'x', t: '6' }),
  row('hashmod of the largest', [hash(2n ** 64n - 1n)], { a: 'x' }, { a: 'x', t: '17710500428000290726' }),
  row('hashmod hashes UTF-8', [hash(1000)], { a: 'é' }, { a: 'é', t: '23' }),
  row('hashmod of nothing', [hash(1000)], {}, { t: '958' }),
  row(
    'labelmap copies by name',
    [{ action: 'labelmap', regex: 'x_(.+)' }],
    { x_a: '1', y: '2' },
    { x_a: '1', a: '1', y: '2' },
  ),
  row(
    'labelmap: of two for one name the later in order of names wins',
    [{ action: 'labelmap', regex: '(?:x|y)_(.+)' }],
    { y_a: '2', x_a: '1' },
    { x_a: '1', y_a: '2', a: '2' },
  ),
  row(
    'labelmap: what rules have set comes last, whatever its name',
    [
      { target_label: 'a_z', replacement: 'set' },
      { action: 'labelmap', regex: '._(.+)' },
    ],
    { b_z: 'base' },
    { a_z: 'set', b_z: 'base', z: 'set' },
  ),
  row(
    'labelmap: names in the order of code points',
    [{ action: 'labelmap', regex: '.', replacement: 't' }],
    { '\uffee': '1', '😀': '2' },
    { '\uffee': '1', '😀': '2', t: '2' },
  ),
  row(
    'labelmap replaces every match where the regex is not anchored',
    [{ action: 'labelmap', regex: 'x)|(?:a', replacement: 'b' }],
    { xaa: '1' },
    { xaa: '1', bab: '1' },
  ),
  row(
    'an empty match counts at the start',
    [{ action: 'labelmap', regex: ')|(?:z', replacement: 'b' }],
    { a: '1' },
    { a: '1', ba: '1' },
  ),
  row('labeldrop', [{ action: 'labeldrop', regex: 'a|b' }], { a: '1', b: '2', ab: '3' }, { ab: '3' }),
  row('labelkeep', [{ action: 'labelkeep', regex: 'a|b' }], { a: '1', b: '2', ab: '3' }, { a: '1', b: '2' }),
  row('all labels may go', [{ action: 'labeldrop', regex: '.*' }], { a: '1' }, {}),
  row(
    'lowercase, a character at a time',
    [{ action: 'lowercase', source_labels: ['a'], target_label: 't' }],
    { a: 'ΑΣ İ K ẞ' },
    { a: 'ΑΣ İ K ẞ', t: 'ασ i k ß' },
  ),
  row(
    'uppercase, a character at a time',
    [{ action: 'uppercase', source_labels: ['a'], target_label: 't' }],
    { a: 'straße ŉ ᾳ ᾀ ı ſ ﬁ ǆ 𐐨' },
    { a: 'straße ŉ ᾳ ᾀ ı ſ ﬁ ǆ 𐐨', t: 'STRAßE ŉ ᾼ ᾈ I S ﬁ Ǆ 𐐀' },
  ),
  row(
    'cases that are newer than Go',
    [{ action: 'uppercase', source_labels: ['a'], target_label: 't' }],
    { a: 'ɤ' },
    { a: 'ɤ', t: 'ɤ' },
  ),
  row(
    'lowercase of nothing takes the label away',
    [{ action: 'lowercase', source_labels: ['none'], target_label: 't' }],
    { t: 'x' },
    {},
  ),
  row(
    'the case of an action does not matter',
    [{ action: 'KeepEqual' as 'keepequal', source_labels: ['a'], target_label: 'b' }],
    { a: 'x' },
    null,
  ),
];

function row(
  what: string,
  rules: readonly RelabelConfig[],
  labels: RelabelRow['labels'],
  want: RelabelRow['want'],
  validation: NameValidation = 'utf8',
): RelabelRow {
  return { what, rules, labels, want, validation };
}
