import type { Entry } from './data.ts';
import { entriesOf, entryAt, textsOf } from './data.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';
import type { Path } from '../core/positions.ts';
import { OBJECT_NAME } from '../core/values.ts';

const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** A label selector as the apiserver checks it (apimachinery, `ValidateLabelSelector`). */
export function selector(entry: Entry): Finding[] {
  return [
    ...entryAt(entry, 'matchLabels').flatMap(labels),
    ...entriesOf(entry.data['matchExpressions'], [...entry.path, 'matchExpressions']).flatMap(requirement),
  ];
}

/** Whether the selector asks for nothing, so that it matches everything. */
export function isEmptySelector({ data: { matchLabels, matchExpressions } }: Entry): boolean {
  return [matchLabels, matchExpressions].every(
    (part) =>
      part === undefined || (typeof part === 'object' && part !== null && Object.keys(part).length === 0),
  );
}

function labels({ path, data }: Entry): Finding[] {
  return Object.entries(data).flatMap(([key, value]) => [
    ...labelKey(key, [...path, key], 'key'),
    ...(typeof value === 'string' ? labelValue(value, [...path, key]) : []),
  ]);
}

function requirement({ path, data }: Entry): Finding[] {
  const { key, operator, values } = data;
  return [
    ...(typeof key === 'string' ? labelKey(key, [...path, 'key'], 'value') : []),
    ...valuesFor(operator, values, path),
    ...textsOf(values, [...path, 'values']).flatMap(({ text, path: place }) => labelValue(text, place)),
  ];
}

function valuesFor(operator: unknown, values: unknown, path: Path): Finding[] {
  const count = Array.isArray(values) ? values.length : 0;
  if ((operator === 'In' || operator === 'NotIn') && count === 0)
    return [{ path: [...path, 'values'], of: 'value', message: `${operator} needs at least one value` }];
  if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0)
    return [{ path: [...path, 'values'], of: 'key', message: `${operator} takes no values; leave them out` }];
  return [];
}

function labelKey(key: string, path: Path, of: Finding['of']): Finding[] {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  if (NAME.test(key.slice(slash + 1)) && (prefix === undefined || OBJECT_NAME.test(prefix))) return [];
  const message = `${shown(key)} is no label: at most 63 letters, digits, -, _ and ., a letter or digit at both ends, after an optional DNS name and /`;
  return [{ path, of, message }];
}

function labelValue(value: string, path: Path): Finding[] {
  if (value === '' || NAME.test(value)) return [];
  const message = `${shown(value)} is no label value: at most 63 letters, digits, -, _ and ., a letter or digit at both ends`;
  return [{ path, of: 'value', message }];
}
