import { parseQuantity } from './quantity.ts';
import { isRecord } from './record.ts';

/** The resources that an exporter's container asks for. */
export const COMPUTE = ['cpu', 'memory'] as const;

/** One of them. */
export type Compute = (typeof COMPUTE)[number];

/** Thousandths of a core or of a byte, whole numbers; nothing of ours is so large that they would lose a digit. */
export type Amounts = Readonly<Partial<Record<Compute, number>>>;

/** Neither of them is said. */
export const NOTHING: Amounts = {};

/** Thousandths, rounded up as Kubernetes does; undefined for what is no quantity. */
export function amountOf(quantity: unknown): number | undefined {
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return undefined;
  const number = parseQuantity(String(quantity));
  if (number === undefined) return undefined;
  // What binary fractions put on top is no thousandth.
  const nearest = Math.round(number * 1000);
  return Math.abs(number * 1000 - nearest) <= Math.abs(nearest) * 1e-12 ? nearest : Math.ceil(number * 1000);
}

/** cpu and memory of a map of quantities, whatever it comes from. */
export function amountsOf(quantities: unknown): Amounts {
  if (!isRecord(quantities)) return NOTHING;
  const amounts: Partial<Record<Compute, number>> = {};
  for (const resource of COMPUTE) {
    const amount = Object.hasOwn(quantities, resource) ? amountOf(quantities[resource]) : undefined;
    if (amount !== undefined) amounts[resource] = amount;
  }
  return amounts;
}

/** Adds up; a resource that only one of the two names counts as it is. */
export function sum(a: Amounts, b: Amounts): Amounts {
  return combined(a, b, (x, y) => x + y);
}

/** The greater of each. */
export function greatest(a: Amounts, b: Amounts): Amounts {
  return combined(a, b, Math.max);
}

function combined(a: Amounts, b: Amounts, combine: (x: number, y: number) => number): Amounts {
  const amounts: Partial<Record<Compute, number>> = { ...a };
  for (const resource of COMPUTE) {
    const [x, y] = [a[resource], b[resource]];
    if (y !== undefined) amounts[resource] = x === undefined ? y : combine(x, y);
  }
  return amounts;
}

const BINARY = [
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
  ['Ki', 2 ** 10],
] as const;

/** As people write it: `1500m`, `2`, `128Mi`, `1000`. */
export function amountText(resource: string, amount: number): string {
  if (amount % 1000 !== 0) return `${amount}m`;
  const whole = amount / 1000;
  const [unit, factor] = BINARY.find(([, size]) => whole !== 0 && whole % size === 0) ?? ['', 1];
  return resource.endsWith('memory') ? `${whole / factor}${unit}` : String(whole);
}
