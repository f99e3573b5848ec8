import type { NameValidation } from '../../src/prometheus/relabel-rule.ts';
import type { RelabelConfig } from '../../src/prometheus/scrape-config.ts';

/** Rules and the places where they are wrong; a test asks Prometheus' own code whether it refuses them too. */
export interface RefusedRow {
  readonly config: RelabelConfig;
  readonly validation?: NameValidation;
  readonly problems: readonly (readonly [path: string, message: RegExp])[];
}

type Action = NonNullable<RelabelConfig['action']>;

const wrong = (action: string): RelabelConfig => ({ action: action as Action, source_labels: ['a'] });
const regex = (text: string): RelabelConfig => ({ regex: text, target_label: 't' });

export const REFUSED: readonly RefusedRow[] = [
  one(
    wrong('kepe'),
    'action',
    /^"kepe" is no relabel action, which are replace, keep, .*; did you mean keep\?$/,
  ),
  one(wrong('xyzzyxyzzy'), 'action', /uppercase$/),
  one(wrong(''), 'action', /^is empty; remove it for replace, or name one of replace, keep/),
  one(
    wrong('keep_if_equal'),
    'action',
    /VictoriaMetrics, not of Prometheus; use keepequal with source_labels and/,
  ),
  one(wrong('drop_if_equal'), 'action', /use dropequal/),
  one(wrong('keep_metrics'), 'action', /use keep with source_labels: \[__name__\]/),
  one(wrong('drop_metrics'), 'action', /use drop with source_labels: \[__name__\]/),
  one(wrong('keep_if_contains'), 'action', /Prometheus has none like it; keep with a regex is the nearest/),
  one(wrong('drop_if_contains'), 'action', /Prometheus has none like it; drop/),
  one(wrong('replace_all'), 'action', /Prometheus has none like it; replace matches the whole value once/),
  one(wrong('labelmap_all'), 'action', /Prometheus has none like it; labelmap/),
  one(wrong('graphite'), 'action', /Prometheus has none like it/),
  one(
    { source_labels: ['a', ''], target_label: 't' },
    'source_labels.1',
    /^"" is no label name; name a label$/,
  ),
  one({ source_labels: ['a'] }, 'target_label', /^replace needs a target_label: the label that it writes$/),
  one(
    { action: 'keepequal' },
    'target_label',
    /^keepequal needs a target_label: the label that it compares with$/,
  ),
  one(
    { target_label: '1a' },
    'target_label',
    /^"1a" is no label name; under the legacy scheme .* utf8 allows/,
    'legacy',
  ),
  one({ target_label: '$1-a' }, 'target_label', /^"\$1-a" is no label name/, 'legacy'),
  one({ action: 'lowercase', target_label: '$1' }, 'target_label', /lowercase takes no \$1 there/, 'legacy'),
  one(
    { action: 'hashmod', target_label: 't' },
    'modulus',
    /^hashmod needs a modulus: a whole number from 1 to 1844/,
  ),
  one({ action: 'hashmod', target_label: 't', modulus: 0 }, 'modulus', /^hashmod needs a modulus/),
  one({ action: 'hashmod', target_label: 't', modulus: 0.5 }, 'modulus', /^hashmod needs a modulus/),
  one(
    { action: 'hashmod', target_label: 't', modulus: 2n ** 65n },
    'modulus',
    /^"36893488147419103232" is not/,
  ),
  one({ action: 'hashmod', target_label: 't', modulus: -1 }, 'modulus', /^"-1" is not a whole number/),
  one(
    { action: 'labelmap', replacement: '' },
    'replacement',
    /^labelmap needs a replacement that makes a label name/,
  ),
  one(
    { action: 'labelmap', replacement: 'a.$1' },
    'replacement',
    /^"a\.\$1" makes no label name; under/,
    'legacy',
  ),
  one(
    { action: 'uppercase', target_label: 't', replacement: 'x' },
    'replacement',
    /takes no replacement, it writes/,
  ),
  // In Prometheus any regex of keepequal is one too many, also the default one.
  one(
    { action: 'keepequal', target_label: 't', regex: '(.*)' },
    'regex',
    /^keepequal takes no regex, only source_labels/,
  ),
  one(
    { action: 'dropequal', target_label: 't', separator: ',' },
    'separator',
    /^dropequal takes no separator/,
  ),
  one(
    { action: 'labeldrop', regex: 'a', source_labels: [] },
    'source_labels',
    /^labeldrop takes no source_labels, only regex/,
  ),
  one(
    { action: 'labelkeep', regex: 'a', target_label: 't' },
    'target_label',
    /^labelkeep takes no target_label/,
  ),
  one({ action: 'labeldrop', regex: 'a', modulus: 3 }, 'modulus', /^labeldrop takes no modulus/),
  {
    config: { action: 'dropequal', source_labels: [''], modulus: 7, replacement: 'x', regex: '(' },
    problems: [
      ['source_labels.0', /no label name/],
      ['target_label', /^dropequal needs/],
      ['regex', /^dropequal takes no regex/],
      ['modulus', /^dropequal takes no modulus/],
      ['replacement', /^dropequal takes no replacement/],
      ['regex', /missing closing \); close it/],
    ],
  },
  one(
    regex('*'),
    'regex',
    /^"\*" is no regular expression of RE2: missing argument .*: "\*"; put what .* as in \.\*$/,
  ),
  one(regex('(a'), 'regex', /: missing closing \); close it, or write \\\( for the character$/),
  one(regex('a)'), 'regex', /: unexpected \); remove it/),
  one(regex('[a'), 'regex', /: missing closing \]/),
  one(regex('a(?=b)'), 'regex', /: invalid or unsupported Perl syntax: "\(\?="; RE2 has no lookaround/),
  one(regex('(?<!a)b'), 'regex', /invalid named capture/),
  one(regex('(a)\\1'), 'regex', /: invalid escape sequence: "\\1"; RE2 has no back references/),
  one(regex('\\C'), 'regex', /invalid escape sequence/),
  one(regex('\\Z'), 'regex', /invalid escape sequence/),
  one(
    regex('a{1001}'),
    'regex',
    /: invalid repeat count: "\{1001\}"; from small to large, and at most 1000 in all$/,
  ),
  one(regex('(a{100}){100}'), 'regex', /invalid repeat count/),
  one(regex('a**'), 'regex', /invalid nested repetition operator: "\*\*"; repeat once/),
  one(regex('[b-a]'), 'regex', /invalid character class range: "b-a"; a range goes from small to large/),
  one(regex('\\p{Old_Italic}'), 'regex', /invalid character class range/),
  // Properties, and scripts of a newer Unicode, which re2js has and Go has not.
  one(regex('\\p{Emoji}'), 'regex', /Prometheus knows no class "\\p\{Emoji\}"; name a category or a script$/),
  one(regex('[\\p{Garay}]'), 'regex', /Prometheus knows no class/),
  one(regex('(?P<é>a)'), 'regex', /invalid named capture: "\(\?P<é>"; write \(\?P<name>…\)/),
  one(regex('('.repeat(2000) + ')'.repeat(2000)), 'regex', /expression nests too deeply; use fewer groups$/),
];

/** At the edge of what is refused. */
export const ACCEPTED: readonly (readonly [RelabelConfig, NameValidation])[] = [
  [{ target_label: '$1-a' }, 'utf8'],
  [{ target_label: '1a' }, 'utf8'],
  [{ target_label: 'a${1}b$2' }, 'legacy'],
  [{ action: 'lowercase', target_label: '$1' }, 'utf8'],
  [{ source_labels: ['a-b'], target_label: 't' }, 'legacy'],
  [{ action: 'hashmod', target_label: 't', modulus: 1.5 }, 'utf8'],
  [{ action: 'hashmod', target_label: 't', modulus: 2n ** 64n - 1n }, 'utf8'],
  [{ action: 'keepequal', target_label: 't', separator: ';', replacement: '$1', modulus: 0 }, 'utf8'],
  [{ action: 'labeldrop', separator: ';', replacement: '$1', target_label: '', modulus: 0 }, 'utf8'],
  [{ action: 'labelmap', replacement: 'a.$1' }, 'utf8'],
  [{ action: 'keep' }, 'legacy'],
  [{ action: '\u212aEEP' as Action }, 'utf8'],
];

function one(
  config: RelabelConfig,
  path: string,
  message: RegExp,
  validation: NameValidation = 'utf8',
): RefusedRow {
  return { config, validation, problems: [[path, message]] };
}
