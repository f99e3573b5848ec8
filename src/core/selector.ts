import type { StringMap } from './kubernetes.ts';
import { own } from './pod.ts';

/** Kubernetes' LabelSelector, on labels of a namespace or of an object. An empty one matches everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelRequirement[];
}

/** One of a selector's `matchExpressions`. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[];
}

/** Kubernetes' label selectors (apimachinery, `labels.Requirement.Matches`): every requirement has to hold. */
export function matches(selector: LabelSelector, labels: StringMap | null | undefined): boolean {
  return requirements(selector).every((requirement) => holds(requirement, own(labels, requirement.key)));
}

/** As `kubectl get -l` takes it: `app=web,tier in (a,b),!canary`. */
export function selectorText(selector: LabelSelector): string {
  return requirements(selector).map(requirementText).join(',');
}

/** `matchLabels` is `In` with one value each. */
function requirements({ matchLabels, matchExpressions }: LabelSelector): readonly LabelRequirement[] {
  const equal = Object.entries(matchLabels ?? {}).map(([key, value]): LabelRequirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  return [...equal, ...(matchExpressions ?? [])];
}

/** The negative operators match an absent key too. */
function holds({ operator, values = [] }: LabelRequirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

function requirementText({ key, operator, values = [] }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values.join()}` : `${key} in (${values.join()})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values.join()}` : `${key} notin (${values.join()})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
  }
}
