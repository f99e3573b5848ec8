import type { Quantities } from './kubernetes.ts';
import type { LimitRange, LimitRangeItem, NamespaceLimits, Quota, QuotaScope } from './namespace-limits.ts';
import type { Account, Resources, Sized } from './namespace-limits-account.ts';
import { isBestEffort, totals } from './namespace-limits-account.ts';
import type { Compute } from './namespace-limits-amounts.ts';
import { amountOf, amountsOf, amountText, COMPUTE } from './namespace-limits-amounts.ts';
import { own } from './pod.ts';
import { matches } from './selector.ts';

/** A rule that a Pod breaks, so that the apiserver would refuse it. */
export interface Fault {
  /** The same for the same rule, whatever the figures. */
  readonly rule: string;
  readonly text: string;
}

/** Every rule of the namespace that the Pod breaks. */
export function faultsOf(account: Account, { ranges = [], quotas = [] }: NamespaceLimits): readonly Fault[] {
  return [
    ...ranges.flatMap((range) => rangeFaults(account, range)),
    ...levelFaults(account),
    ...quotas.filter((quota) => isCounted(account, quota)).flatMap((quota) => quotaFaults(account, quota)),
  ];
}

function rangeFaults(account: Account, range: LimitRange): readonly Fault[] {
  return range.limits.flatMap((item, index) => {
    const parts =
      item.type === 'Container'
        ? account.containers
        : [{ name: '', ...totals(account, false) } satisfies Omit<Sized, 'kind'>];
    return parts.flatMap((part) =>
      itemFaults(part, item, range.name).map(({ rule, text }) => ({
        rule: `${range.name}/${index}/${part.name}/${rule}`,
        text,
      })),
    );
  });
}

/** minConstraint, maxConstraint and limitRequestRatioConstraint of the LimitRanger. */
function itemFaults({ requests, limits }: Resources, item: LimitRangeItem, name: string): readonly Fault[] {
  const [min, max, ratio] = [amountsOf(item.min), amountsOf(item.max), amountsOf(item.maxLimitRequestRatio)];
  return COMPUTE.flatMap((resource) => {
    const [request, limit] = [requests[resource], limits[resource]];
    const [least, most, times] = [min[resource], max[resource], ratio[resource]];
    const found: Fault[] = [];
    const fault = (rule: string, figure: string, bound: string): void =>
      void found.push({
        rule: `${resource} ${rule}`,
        text: `${resource} ${figure} the ${item.type} ${rule} ${bound} of LimitRange ${name}`,
      });
    if (least !== undefined && !((request ?? -1) >= least && (limit ?? least) >= least)) {
      const low = request === undefined ? request : Math.min(request, limit ?? request);
      fault('minimum', `${textOf(resource, low)} is under`, amountText(resource, least));
    }
    if (most !== undefined && !((limit ?? Infinity) <= most && (request ?? 0) <= most)) {
      const high = limit === undefined ? limit : Math.max(limit, request ?? limit);
      fault('maximum', `${textOf(resource, high)} is over`, amountText(resource, most));
    }
    if (times !== undefined && !((request ?? 0) > 0 && (limit ?? 0) > 0 && ratioOf(request, limit) <= times))
      fault('limit/request ratio', 'is over', String(times / 1000));
    return found;
  });
}

/** In thousandths. */
function ratioOf(request = 0, limit = 0): number {
  return (limit * 1000) / request;
}

function textOf(resource: Compute, amount: number | undefined): string {
  return amount === undefined ? 'unset' : amountText(resource, amount);
}

/** What validation says of limits that the LimitRanger has filled in: Pod-level resources, and requests over limits. */
function levelFaults({ containers, level, ...rest }: Account): readonly Fault[] {
  const faults: Fault[] = [];
  const { requests } = totals({ containers, ...rest }, false);
  for (const resource of COMPUTE) {
    const [request, limit] = [level?.requests[resource], level?.limits[resource]];
    if (request !== undefined && (requests[resource] ?? 0) > request)
      faults.push({
        rule: `level ${resource}`,
        text: `default ${resource} requests pass the Pod's own ${amountText(resource, request)}`,
      });
    for (const container of containers) {
      const most = container.kind === 'regular' ? (limit ?? Infinity) : Infinity;
      const [asked, allowed] = [container.requests[resource] ?? 0, container.limits[resource]];
      if ((allowed ?? 0) > most || asked > (allowed ?? Infinity))
        faults.push({
          rule: `${container.name} ${resource}`,
          text: `default ${resource} requests and limits do not go together`,
        });
    }
  }
  return faults;
}

/** Whether the quota is about the Pod: podMatchesScopeFunc. A scope that only other objects have never holds. */
export function isCounted(account: Account, { scopes = [] }: Quota): boolean {
  return scopes.every((scope) => holds(account, scope));
}

function holds(account: Account, { scopeName, operator, values }: QuotaScope): boolean {
  switch (scopeName) {
    case 'Terminating':
      return account.terminating;
    case 'NotTerminating':
      return !account.terminating;
    case 'BestEffort':
      return isBestEffort(account);
    case 'NotBestEffort':
      return !isBestEffort(account);
    case 'PriorityClass': {
      const { priorityClass } = account;
      const labels = priorityClass === undefined ? {} : { [scopeName]: priorityClass };
      const requirement = { key: scopeName, operator, ...(values === undefined ? {} : { values }) };
      return matches({ matchExpressions: [requirement] }, labels);
    }
    default:
      return false;
  }
}

/** What a quota calls the requests and limits of each resource. */
const QUOTA_FIELDS: readonly (readonly [field: string, of: 'requests' | 'limits', resource: Compute])[] = [
  ['cpu', 'requests', 'cpu'],
  ['requests.cpu', 'requests', 'cpu'],
  ['limits.cpu', 'limits', 'cpu'],
  ['memory', 'requests', 'memory'],
  ['requests.memory', 'requests', 'memory'],
  ['limits.memory', 'limits', 'memory'],
];

const POD_COUNTS = ['pods', 'count/pods'];

/** What a quota can be about that a Pod uses up, in its own words. */
export const COUNTED: readonly string[] = [...POD_COUNTS, ...QUOTA_FIELDS.map(([field]) => field)];

/** The fields that a quota makes every container have, without Pod-level resources. */
export function demandsOf({ hard }: Quota): typeof QUOTA_FIELDS {
  return QUOTA_FIELDS.filter(([field]) => own(hard, field) !== undefined);
}

function quotaFaults(account: Account, quota: Quota): readonly Fault[] {
  const { name, hard, used = {} } = quota;
  const faults: Fault[] = [];
  const demands = account.level === undefined ? demandsOf(quota) : [];
  for (const [field, of, resource] of demands) {
    for (const container of account.containers) {
      if (container[of][resource] === undefined)
        faults.push({
          rule: `${name} ${field} ${container.name}`,
          text: `quota ${name} wants ${field} of every container`,
        });
    }
  }
  const charged = totals(account, true);
  const charges: readonly (readonly [field: string, amount: number])[] = [
    ...POD_COUNTS.map((field) => [field, 1000] as const),
    ...QUOTA_FIELDS.map(([field, of, resource]) => [field, charged[of][resource] ?? 0] as const),
  ];
  for (const [field, amount] of charges) {
    const most = amountIn(hard, field);
    const left = (most ?? Infinity) - (amountIn(used, field) ?? 0);
    if (amount <= 0 || amount <= left) continue;
    const [needed, room] = [amount, Math.max(left, 0)].map((figure) => amountText(field, figure));
    faults.push({
      rule: `${name} ${field}`,
      text: `${needed} ${field} needed, quota ${name} has ${room} left`,
    });
  }
  return faults;
}

function amountIn(quantities: Quantities, field: string): number | undefined {
  return amountOf(own(quantities, field));
}
