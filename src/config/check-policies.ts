import { RE2JS } from 're2js';

import { parseDuration } from '../core/duration.ts';
import { profileName } from './check-profiles.ts';
import { isEmptySelector, selector } from './check-selectors.ts';
import type { Entry } from './data.ts';
import { entriesOf, entryAt, repeated } from './data.ts';
import type { Finding } from './finding.ts';
import { shown } from './finding.ts';
import { endOf, portRange } from './values.ts';

/** What only the whole of the policies, or a value’s own grammar, can tell to be wrong. */
export function policies(list: unknown, profileNames: readonly string[]): Finding[] {
  const rows = entriesOf(list, ['policies']);
  const twice = repeated(rows, ({ data: { name } }) => (typeof name === 'string' ? name : undefined));
  return [
    ...twice.map(({ path, data }): Finding => {
      const message = `another policy is named ${shown(data['name'])} too; names are unique`;
      return { path: [...path, 'name'], of: 'value', message };
    }),
    ...rows.flatMap((row) => policy(row, profileNames)),
  ];
}

function policy(row: Entry, known: readonly string[]): Finding[] {
  return [
    ...entryAt(row, 'namespaceSelector').flatMap(selector),
    ...profileName(row.data['defaultProfile'], [...row.path, 'defaultProfile'], known),
    ...entryAt(row, 'conventions').flatMap((entry) => conventions(entry, known)),
    ...entriesOf(row.data['exemptions'], [...row.path, 'exemptions']).flatMap(exemption),
  ];
}

function conventions(row: Entry, known: readonly string[]): Finding[] {
  return [
    ...entryAt(row, 'allowedProfiles').flatMap((entry) => profiles(entry, known)),
    ...entryAt(row, 'allowedPorts').flatMap(ranges),
    ...entryAt(row, 'pathPattern').flatMap(pattern),
    ...entryAt(row, 'minInterval').flatMap(interval),
  ];
}

function profiles({ path, data: { names } }: Entry, known: readonly string[]): Finding[] {
  if (!Array.isArray(names)) return [];
  return names.flatMap((name, index) => profileName(name, [...path, 'names', String(index)], known));
}

/** What is no port and no range at all is left to the schema. */
function ranges({ path, data }: Entry): Finding[] {
  if (!Array.isArray(data['ranges'])) return [];
  return data['ranges'].flatMap((value: unknown, index): Finding[] => {
    if (typeof value !== 'string' || !/^\d{1,5}(-\d{1,5})?$/.test(value) || portRange(value) !== undefined)
      return [];
    const [from, to] = value.split('-').map(Number);
    const message =
      to !== undefined && from !== undefined && from > to
        ? `${shown(value)} is upside down; the lower port comes first`
        : `${shown(value)} is out of range; ports are 1 to 65535`;
    return [{ path: [...path, 'ranges', String(index)], of: 'value', message }];
  });
}

function pattern({ path, data: { pattern: text } }: Entry): Finding[] {
  if (typeof text !== 'string') return [];
  try {
    RE2JS.compile(text);
    return [];
  } catch (error) {
    const detail = (error instanceof Error ? error.message : String(error)).replace(
      /^error parsing regexp: /,
      '',
    );
    const message = `${shown(text)} is no RE2 pattern: ${shown(detail).slice(1, -1)}`;
    return [{ path: [...path, 'pattern'], of: 'value', message }];
  }
}

function interval({ path, data: { interval: text } }: Entry): Finding[] {
  if (typeof text !== 'string' || (parseDuration(text) ?? 0) > 0) return [];
  const message = `${shown(text)} is no Prometheus duration above zero; write it like 15s, 1m30s or 500ms`;
  return [{ path: [...path, 'interval'], of: 'value', message }];
}

/** An exemption for everything would be a policy without conventions; it must be said there. */
function exemption(row: Entry): Finding[] {
  const { until } = row.data;
  const found = entryAt(row, 'selector').flatMap((entry): Finding[] => {
    if (!isEmptySelector(entry)) return selector(entry);
    const message = 'is empty and would exempt every object; select by a label, or take the conventions out';
    return [{ path: entry.path, of: 'value', message }];
  });
  if (typeof until !== 'string' || endOf(until) !== undefined) return found;
  const message = `${shown(until)} is no moment; write an RFC 3339 date and time such as 2027-01-31T12:00:00Z, or a date such as 2027-01-31 for the end of that day in UTC`;
  return [...found, { path: [...row.path, 'until'], of: 'value', message }];
}
