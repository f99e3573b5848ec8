import { WORKLOAD_KINDS } from '../core/workload-kinds.ts';
import type { Entry } from './data.ts';
import { entriesOf, repeated } from './data.ts';
import type { Finding } from './finding.ts';

/** That each kind is new, there once, and no Pod. Versions do not tell kinds apart: the apiserver converts between them. */
export function workloadKinds(list: unknown): Finding[] {
  const rows = entriesOf(list, ['workloadKinds']);
  const known = rows.flatMap((row): Finding[] => {
    const message = because(row);
    return message === undefined ? [] : [{ path: [...row.path, 'kind'], of: 'value', message }];
  });
  const kinds = repeated(rows, nameOf);
  const resources = repeated(rows, resourceOf).filter((row) => !kinds.includes(row));
  const twice = [
    ...kinds.map((row) => isTwice(row, 'kind', nameOf(row))),
    ...resources.map((row) => isTwice(row, 'resource', resourceOf(row))),
  ];
  return [...known, ...twice];
}

function isTwice({ path }: Entry, key: string, name = ''): Finding {
  return { path: [...path, key], of: 'value', message: `${name} is there twice` };
}

function because(row: Entry): string | undefined {
  const { group, kind, resource } = row.data;
  if (group === '' && kind === 'Pod')
    return 'Pods are always in; this list is of kinds that carry a pod template';
  if (group === '' && resource === 'pods')
    return 'pods are Pods, which are always in; this list is of kinds that carry a pod template';
  const builtIn = WORKLOAD_KINDS.some(
    (one) => one.group === group && (one.kind === kind || one.resource === resource),
  );
  return builtIn ? `${nameOf(row) ?? ''} is built in; leave the entry out` : undefined;
}

/** `rollouts.argoproj.io`, as kubectl writes it. */
function resourceOf({ data: { group, resource } }: Entry): string | undefined {
  if (typeof group !== 'string' || typeof resource !== 'string') return undefined;
  return group === '' ? resource : `${resource}.${group}`;
}

/** `argoproj.io/Rollout`, as people write it. */
function nameOf({ data: { group, kind } }: Entry): string | undefined {
  if (typeof group !== 'string' || typeof kind !== 'string') return undefined;
  return group === '' ? kind : `${group}/${kind}`;
}
