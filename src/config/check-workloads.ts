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
  const twice = repeated(rows, nameOf).map((row): Finding => {
    return { path: [...row.path, 'kind'], of: 'value', message: `${nameOf(row) ?? ''} is there twice` };
  });
  return [...known, ...twice];
}

function because(row: Entry): string | undefined {
  const { group, kind } = row.data;
  if (group === '' && kind === 'Pod')
    return 'Pods are always in; this list is of kinds that carry a pod template';
  const builtIn = WORKLOAD_KINDS.some((one) => one.group === group && one.kind === kind);
  return builtIn ? `${nameOf(row) ?? ''} is built in; leave the entry out` : undefined;
}

/** `argoproj.io/Rollout`, as people write it. */
function nameOf({ data: { group, kind } }: Entry): string | undefined {
  if (typeof group !== 'string' || typeof kind !== 'string') return undefined;
  return group === '' ? kind : `${group}/${kind}`;
}
