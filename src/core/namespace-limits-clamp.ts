import type { LimitRange, NamespaceLimits } from './namespace-limits.ts';
import type { Account, Resources } from './namespace-limits-account.ts';
import { withDefaults } from './namespace-limits-account.ts';
import type { Compute } from './namespace-limits-amounts.ts';
import { amountsOf, amountText, COMPUTE, NOTHING } from './namespace-limits-amounts.ts';
import { demandsOf, isCounted } from './namespace-limits-faults.ts';
import type { ExporterResources } from './profile.ts';

/** Requests and limits of one container, with the reason for each that is another than it was. */
export interface Clamped extends Resources {
  /** `over the maximum 200m of LimitRange small`, by field. */
  readonly because: Readonly<Partial<Record<keyof ExporterResources, string>>>;
}

/** The exporter's figures; what is left out, or no quantity, is not there. */
export function resourcesOfFigures(figures: Readonly<Partial<ExporterResources>>): Resources {
  const { cpuRequest: cpu, cpuLimit, memoryRequest: memory, memoryLimit } = figures;
  return {
    requests: amountsOf({ cpu, memory }),
    limits: amountsOf({ cpu: cpuLimit, memory: memoryLimit }),
  };
}

/**
 * The nearest to `wanted` that every LimitRange's Container limits allow. A ratio raises the request: a lower limit
 * would end the exporter sooner. What a quota wants of every container and nobody has set comes from `configured`.
 *
 * @param account the Pod with the exporter in it, which says which quotas are about it
 */
export function clamp(
  wanted: Resources,
  configured: Resources,
  account: Account,
  guaranteed: boolean,
  { ranges = [], quotas = [] }: NamespaceLimits,
): Clamped {
  const given = withDefaults(
    guaranteed ? { requests: wanted.limits, limits: wanted.limits } : wanted,
    ranges,
  );
  const demanding = quotas.filter((quota) => isCounted(account, quota));
  const parts = COMPUTE.map((resource) => {
    const demand = (of: keyof Resources): string | undefined => {
      const quota = demanding.find((candidate) =>
        demandsOf(candidate).some(([, which, what]) => which === of && what === resource),
      );
      return quota === undefined ? undefined : `refused by quota ${quota.name}`;
    };
    const figure = new Figure(resource, given, ranges);
    figure.demand('limits', demand('limits'), configured.limits[resource]);
    figure.demand('requests', demand('requests'), configured.requests[resource]);
    figure.clamp(guaranteed);
    return figure;
  });
  return parts.reduce<Clamped>(
    (all, { resource, request, limit, because }) => ({
      requests: { ...all.requests, ...(request === undefined ? {} : { [resource]: request }) },
      limits: { ...all.limits, ...(limit === undefined ? {} : { [resource]: limit }) },
      because: { ...all.because, ...because },
    }),
    { requests: NOTHING, limits: NOTHING, because: {} },
  );
}

interface Bound {
  readonly amount: number;
  readonly words: string;
}

/** The request and limit of one resource while they are brought into bounds. */
class Figure {
  readonly resource: Compute;
  request: number | undefined;
  limit: number | undefined;
  readonly because: Partial<Record<keyof ExporterResources, string>> = {};
  readonly #least: Bound | undefined;
  readonly #most: Bound | undefined;
  readonly #ratio: Bound | undefined;

  constructor(resource: Compute, { requests, limits }: Resources, ranges: readonly LimitRange[]) {
    this.resource = resource;
    this.request = requests[resource];
    this.limit = limits[resource];
    const bounds = (key: 'min' | 'max' | 'maxLimitRequestRatio', words: string): readonly Bound[] =>
      ranges
        .flatMap(({ name, limits: items }) =>
          items.map((item) => ({
            name,
            amount: item.type === 'Container' ? amountsOf(item[key])[resource] : undefined,
          })),
        )
        .flatMap(({ name, amount }) => {
          if (amount === undefined) return [];
          const figure =
            key === 'maxLimitRequestRatio' ? String(amount / 1000) : amountText(resource, amount);
          return [{ amount, words: `${words} ${figure} of LimitRange ${name}` }];
        })
        .sort((a, b) => a.amount - b.amount);
    this.#least = bounds('min', 'under the minimum').at(-1);
    this.#most = bounds('max', 'over the maximum').at(0);
    this.#ratio = bounds('maxLimitRequestRatio', 'outside the limit/request ratio').at(0);
  }

  /** What a quota wants is set where nobody has; one of the two never passes the other. */
  demand(of: keyof Resources, reason: string | undefined, configured: number | undefined): void {
    const [own, other] = of === 'limits' ? [this.limit, this.request] : [this.request, this.limit];
    const wanted = configured ?? other;
    if (reason === undefined || own !== undefined || wanted === undefined) return;
    if (of === 'limits') this.#set('limit', Math.max(wanted, other ?? wanted), reason);
    else this.#set('request', Math.min(wanted, other ?? wanted), reason);
  }

  clamp(guaranteed: boolean): void {
    const [least, most, ratio] = [this.#least, this.#most, this.#ratio];
    if (most !== undefined && (this.limit ?? Infinity) > most.amount)
      this.#set('limit', most.amount, most.words);
    if (least !== undefined && (this.limit ?? Infinity) < least.amount)
      this.#set('limit', least.amount, least.words);
    if (least !== undefined && (this.request ?? -1) < least.amount)
      this.#set('request', least.amount, least.words);
    if ((this.request ?? 0) > (this.limit ?? Infinity))
      this.#set('request', this.limit, this.because[this.#field('limit')] ?? most?.words ?? '');
    if (ratio !== undefined) this.#bringTogether(ratio);
    // Requests of a Guaranteed Pod are its limits, in the exporter too.
    if (guaranteed && this.limit === undefined && this.request !== undefined)
      this.#set('limit', this.request, this.because[this.#field('request')] ?? '');
  }

  #bringTogether({ amount, words }: Bound): void {
    this.limit ??= this.request;
    this.request ??= this.limit;
    if (this.limit === undefined || this.request === undefined) return;
    if (this.limit * 1000 <= this.request * amount) return;
    // In figures that people read: whole mebibytes, and thousandths of a core.
    const unit = this.resource === 'memory' ? 2 ** 20 * 1000 : 1;
    const request = Math.ceil((this.limit * 1000) / amount / unit) * unit;
    this.#set('request', Math.min(request, this.limit), words);
  }

  #set(which: 'request' | 'limit', amount: number | undefined, reason: string): void {
    this[which] = amount;
    this.because[this.#field(which)] = reason;
  }

  #field(which: 'request' | 'limit'): keyof ExporterResources {
    const fields = {
      request: { cpu: 'cpuRequest', memory: 'memoryRequest' },
      limit: { cpu: 'cpuLimit', memory: 'memoryLimit' },
    } as const;
    return fields[which][this.resource];
  }
}
