/** Generated rules and labels: valid and invalid, dull and hostile, out of one small alphabet so that much matches. */
import { ACTIONS } from '../../src/prometheus/scrape-config.ts';
import type { RelabelConfig } from '../../src/prometheus/scrape-config.ts';
import type { Random } from '../fuzz/random.ts';
import { randomRegex } from './relabel-random-regex.ts';

export interface RelabelCase {
  readonly legacy: boolean;
  readonly rules: readonly RelabelConfig[];
  readonly labels: readonly Readonly<Record<string, string>>[];
}

export function randomCase(random: Random): RelabelCase {
  // Most rules valid, so that most cases run.
  const invalid = random.percent(25) ? 15 : 0;
  const legacy = random.percent(25);
  return {
    legacy,
    rules: random.list(random.between(1, 6), () => randomRule(random, invalid, legacy)),
    labels: random.list(random.between(1, 4), () => randomLabels(random)),
  };
}

const NAMES = [
  'a',
  'b',
  'c',
  'ab',
  'a_b',
  'A',
  '_',
  '__address__',
  '__name__',
  'instance',
  '__tmp_a',
] as const;
const META = '__meta_kubernetes_pod_annotation_prometheus_io_scrape';
const WILD_NAMES = [
  'é',
  'ß',
  'a b',
  'a.b',
  '日本',
  '1a',
  '😀',
  '\uffee',
  'a-b',
  '$1',
  'a$',
  '${1}',
  'x"\\\n',
] as const;
const PIECES = [
  'a',
  'b',
  'ab',
  'c',
  'A',
  'B',
  'aB',
  '1',
  '12',
  '0',
  '-',
  '_',
  '.',
  ':',
  '/',
  ';',
  ',',
  ' ',
  '\n',
] as const;
const WILD_PIECES = [
  'é',
  'É',
  'ß',
  'ẞ',
  'İ',
  'ı',
  'ſ',
  'K',
  'Σ',
  'ς',
  'σ',
  'ŉ',
  'ᾳ',
  'ᾼ',
  'ǅ',
  '日',
  '😀',
  '𐐀',
  '𐐨',
  '\uffee',
  '\t',
  '\0',
  '\u0301',
  '٣',
] as const;
const ADDRESSES = [
  '10.0.0.7',
  '10.0.0.7:8080',
  '[fd00::5]:9102',
  'true',
  'http',
  '8080',
  '/metrics',
] as const;

function name(random: Random): string {
  if (random.percent(70)) return random.pick(NAMES);
  return random.percent(30) ? META : random.pick(WILD_NAMES);
}

function text(random: Random): string {
  if (random.percent(15)) return random.pick(ADDRESSES);
  if (random.percent(1)) return random.pick(PIECES).repeat(random.between(100, 3000));
  const pieces = random.percent(30) ? [...PIECES, ...WILD_PIECES] : PIECES;
  return random.list(random.below(6), () => random.pick(pieces)).join('');
}

function randomLabels(random: Random): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let count = random.below(9); count > 0; count--) labels[name(random)] = text(random);
  return labels;
}

function template(random: Random): string {
  const pieces = ['$1', '${1}', '$2', '${2}', '$0', '$n', '${n}', '$m', '$3', 'a', 'b', '_', 'x', 'foo', ':'];
  const odd = [
    '$$',
    '$',
    '${',
    '${}',
    '${1',
    '$1x',
    '${1}x',
    '$01',
    '${01}',
    '$10',
    '$100000000',
    '$1000000001',
  ];
  const wild = [
    '$é',
    '$_',
    '${n }',
    '$-',
    '{1}',
    '}',
    '\\1',
    '$٣',
    '日',
    '-',
    '$999999999',
    '${1000000000}',
    '$n1',
  ];
  const all = random.percent(70) ? pieces : [...pieces, ...odd, ...wild];
  return random.list(random.between(0, 3), () => random.pick(all)).join('');
}

function nameTemplate(random: Random): string {
  return random.pick(['$1', '${1}', 'x_$1', '${1}_$2', 'x$n', '${n}', 'a${2}b', 'l_${1}x', '$0', '_$1']);
}

function randomRule(random: Random, invalid: number, legacy: boolean): RelabelConfig {
  const action = random.percent(20) ? 'replace' : random.pick(ACTIONS);
  const odd = (): boolean => random.percent(invalid);
  const rule: { -readonly [K in keyof RelabelConfig]: RelabelConfig[K] } = {};
  const target = (): string => (legacy && !odd() ? random.pick(NAMES) : name(random));
  const isLabelAction = action === 'labeldrop' || action === 'labelkeep';
  const isEqual = action === 'keepequal' || action === 'dropequal';
  const writes = !['keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep'].includes(action);
  if (!(action === 'replace' && random.percent(50))) rule.action = spelling(random, action, odd());
  if (isLabelAction ? odd() : random.percent(90)) rule.source_labels = sources(random, odd());
  if (isLabelAction || isEqual ? odd() : random.percent(25))
    rule.separator = random.pick(['', ';', ',', '::', 'é', '\n']);
  if (isEqual ? odd() : random.percent(80))
    rule.regex = random.percent(20) ? random.pick(USUAL) : randomRegex(random, odd());
  if (action === 'hashmod' ? !odd() : random.percent(3) || odd()) rule.modulus = modulus(random);
  if (writes ? !odd() : odd() || (!isLabelAction && random.percent(5))) rule.target_label = target();
  if (action === 'replace' && random.percent(35))
    rule.target_label = random.percent(70) ? nameTemplate(random) : template(random);
  if (action === 'replace' ? random.percent(60) : odd()) rule.replacement = template(random);
  if (action === 'labelmap' && random.percent(80))
    rule.replacement = random.percent(80) ? nameTemplate(random) : template(random);
  // Some that say what is the default.
  if (random.percent(4)) rule.replacement = '$1';
  if (random.percent(4)) rule.separator = ';';
  return rule;
}

const USUAL = [
  '(.*)',
  '.*',
  '(.+)',
  '',
  'true',
  '(.+):(\\d+)',
  '__meta_(.+)',
  '(?:.+-)?metrics',
  '([^:]+)(?::\\d+)?;(\\d+)',
  'a|b',
  '[ab]+',
  '(a+)(b*)',
];

function spelling(random: Random, action: string, odd: boolean): NonNullable<RelabelConfig['action']> {
  const wrong = ['', 'replaced', 'keep_if_equal', 'Keep ', 'drop-equal', 'labelmap_all'];
  const spelt = odd ? random.pick(wrong) : random.percent(5) ? action.toUpperCase() : action;
  return (random.percent(1) ? spelt.replaceAll('k', 'K') : spelt) as NonNullable<RelabelConfig['action']>;
}

function sources(random: Random, odd: boolean): string[] {
  const names = random.list(random.percent(5) ? 20 : random.below(4), () => name(random));
  return odd ? [...names, ''] : names;
}

/** Not 2^64: Go takes it for a fraction, and what then becomes of it depends on the processor. */
function modulus(random: Random): number | bigint {
  const large = [2 ** 31, 2 ** 53 - 1, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 59n, 0, -1, 1.5] as const;
  return random.percent(70) ? random.between(1, 20) : random.pick(large);
}
