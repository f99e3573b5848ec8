import { didYouMean } from '../core/problem.ts';
import { quoted } from '../core/text.ts';
import { toLower } from './case.ts';
import { isLabelName } from './labels.ts';
import type { ConfigProblem, NameValidation } from './relabel-rule.ts';
import type { Action, RelabelConfig } from './scrape-config.ts';
import { ACTIONS } from './scrape-config.ts';
import { hasVariable } from './template.ts';

/** Prometheus' defaults (prometheus/prometheus `model/relabel/relabel.go`, DefaultRelabelConfig). */
export const DEFAULTS = { action: 'replace', separator: ';', regex: '(.*)', replacement: '$1' } as const;

type Key = keyof RelabelConfig;

const LARGEST_MODULUS = 2n ** 64n - 1n;

/** Actions of VictoriaMetrics that are near to one of Prometheus, or that people take for one. */
const FOREIGN: Readonly<Record<string, string>> = {
  keep_if_equal: 'use keepequal with source_labels and target_label',
  drop_if_equal: 'use dropequal with source_labels and target_label',
  keep_metrics: 'use keep with source_labels: [__name__]',
  drop_metrics: 'use drop with source_labels: [__name__]',
  keep_if_contains: 'Prometheus has none like it; keep with a regex is the nearest',
  drop_if_contains: 'Prometheus has none like it; drop with a regex is the nearest',
  replace_all: 'Prometheus has none like it; replace matches the whole value once',
  labelmap_all: 'Prometheus has none like it; labelmap matches the whole name once',
  graphite: 'Prometheus has none like it; replace with a regex is the nearest',
};

/** The action of a rule as it runs; undefined where Prometheus knows none such. Case does not matter. */
export function actionOf(config: RelabelConfig): Action | undefined {
  const text = toLower(config.action ?? DEFAULTS.action);
  return ACTIONS.find((action) => action === text);
}

/** What Prometheus would refuse in a rule, but for its regular expression (prometheus/prometheus, Config.Validate). */
export function checkRule(config: RelabelConfig, validation: NameValidation): readonly ConfigProblem[] {
  const action = actionOf(config);
  return [
    ...checkSources(config),
    ...checkModulus(config, action),
    ...(action === undefined ? unknownAction(config.action ?? '') : checkAction(config, action, validation)),
  ];
}

function unknownAction(action: string): readonly ConfigProblem[] {
  const allowed = ACTIONS.join(', ');
  if (action === '')
    return [problem('action', `is empty; remove it for ${DEFAULTS.action}, or name one of ${allowed}`)];
  const foreign = FOREIGN[action.toLowerCase()];
  if (foreign !== undefined)
    return [
      problem('action', `${quoted(action)} is an action of VictoriaMetrics, not of Prometheus; ${foreign}`),
    ];
  const { hint } = didYouMean(action, ACTIONS);
  const what = `${quoted(action)} is no relabel action, which are ${allowed}`;
  return [problem('action', hint === undefined ? what : `${what}; ${hint}`)];
}

function checkSources({ source_labels: names = [] }: RelabelConfig): readonly ConfigProblem[] {
  // Prometheus reads these before it knows which names the job allows.
  return names.flatMap((name, index) =>
    isLabelName(name, 'utf8')
      ? []
      : [
          {
            path: ['source_labels', String(index)],
            message: `${quoted(name)} is no label name; name a label`,
          },
        ],
  );
}

function checkModulus({ modulus }: RelabelConfig, action: Action | undefined): readonly ConfigProblem[] {
  const allowed = `a whole number from 1 to ${LARGEST_MODULUS}`;
  if (modulus !== undefined && !isModulus(modulus))
    return [problem('modulus', `${quoted(String(modulus))} is not ${allowed}`)];
  if (action === 'hashmod' && BigInt(Math.trunc(Number(modulus ?? 0))) === 0n)
    return [problem('modulus', `hashmod needs a modulus: ${allowed}`)];
  return [];
}

/** Go cuts a fraction off. */
function isModulus(value: number | bigint): boolean {
  if (typeof value === 'bigint') return value >= 0n && value <= LARGEST_MODULUS;
  return Number.isFinite(value) && value >= 0 && BigInt(Math.trunc(value)) <= LARGEST_MODULUS;
}

function checkAction(
  config: RelabelConfig,
  action: Action,
  validation: NameValidation,
): readonly ConfigProblem[] {
  switch (action) {
    case 'replace':
      return checkTarget(config, action, validation);
    case 'hashmod':
      return checkTarget(config, action, validation);
    case 'lowercase':
    case 'uppercase':
      return [...checkTarget(config, action, validation), ...unused(config, action, ['replacement'])];
    case 'keepequal':
    case 'dropequal':
      return [
        ...checkTarget(config, action, validation),
        ...unused(config, action, ['regex', 'modulus', 'separator', 'replacement']),
      ];
    case 'labeldrop':
    case 'labelkeep':
      return unused(config, action, ['source_labels', 'target_label', 'modulus', 'separator', 'replacement']);
    case 'labelmap':
      return checkReplacement(config, validation);
    case 'keep':
    case 'drop':
      return [];
  }
}

function checkTarget(
  config: RelabelConfig,
  action: Action,
  validation: NameValidation,
): readonly ConfigProblem[] {
  const target = config.target_label ?? '';
  if (target === '')
    return [problem('target_label', `${action} needs a target_label: the label that it ${VERBS[action]}`)];
  if (
    action === 'replace' && hasVariable(target)
      ? isNameTemplate(target, validation)
      : isLabelName(target, validation)
  )
    return [];
  const fix =
    hasVariable(target) && action !== 'replace' && validation === 'legacy'
      ? `${action} takes no $1 there; write the name itself`
      : NAMES[validation];
  return [problem('target_label', `${quoted(target)} is no label name; ${fix}`)];
}

const VERBS: Readonly<Partial<Record<Action, string>>> = {
  replace: 'writes',
  hashmod: 'writes',
  lowercase: 'writes',
  uppercase: 'writes',
  keepequal: 'compares with',
  dropequal: 'compares with',
};

const NAMES: Readonly<Record<NameValidation, string>> = {
  utf8: 'a name is any text that is not empty',
  legacy:
    'under the legacy scheme a name has letters, digits and _ and begins with no digit; ' +
    'metric_name_validation_scheme: utf8 allows others',
};

function checkReplacement(config: RelabelConfig, validation: NameValidation): readonly ConfigProblem[] {
  const replacement = config.replacement ?? DEFAULTS.replacement;
  if (isNameTemplate(replacement, validation)) return [];
  const what =
    replacement === '' ? 'labelmap needs a replacement that makes' : `${quoted(replacement)} makes no`;
  return [
    problem(
      'replacement',
      `${what} ${replacement === '' ? 'a label name' : 'label name'}; ${NAMES[validation]}`,
    ),
  ];
}

/** A name with `$1`, `$name` or `${name}` in it; a `$` is as good as any other character of a UTF-8 name. */
function isNameTemplate(text: string, validation: NameValidation): boolean {
  if (validation === 'utf8') return isLabelName(text, validation);
  return /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/.test(text);
}

/** Keys that an action does not take. A value that equals the default is none, but any regex is one, as in Prometheus. */
function unused(config: RelabelConfig, action: Action, keys: readonly Key[]): readonly ConfigProblem[] {
  const taken = TAKES[action] ?? '';
  return keys
    .filter((key) => isGiven(config, key))
    .map((key) => problem(key, `${action} takes no ${key}, ${taken}; remove it`));
}

const TAKES: Readonly<Partial<Record<Action, string>>> = {
  keepequal: 'only source_labels and target_label',
  dropequal: 'only source_labels and target_label',
  labeldrop: 'only regex',
  labelkeep: 'only regex',
  lowercase: 'it writes the value itself',
  uppercase: 'it writes the value itself',
};

function isGiven(config: RelabelConfig, key: Key): boolean {
  const value = config[key];
  switch (key) {
    case 'separator':
    case 'replacement':
      return value !== undefined && value !== DEFAULTS[key];
    case 'target_label':
      return value !== undefined && value !== '';
    case 'modulus':
      return value !== undefined && Number(value) >= 1;
    default:
      return value !== undefined;
  }
}

function problem(key: Key, message: string): ConfigProblem {
  return { path: [key], message };
}
