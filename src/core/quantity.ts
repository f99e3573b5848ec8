/** Kubernetes quantities (`10m`, `0.5`, `128Mi`, `1e3`): apimachinery's `resource.Quantity`, as far as pods use it. */
const QUANTITY = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+|)$/;

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that `text` stands for (cores, bytes), or undefined when it is no quantity. */
export function parseQuantity(text: string): number | undefined {
  const parts = QUANTITY.exec(text);
  if (parts === null) return undefined;
  const number = Number(parts[1]);
  const suffix = parts[2] ?? '';
  const factor = FACTORS[suffix];
  return factor === undefined ? Number(`${parts[1] ?? ''}${suffix}`) : number * factor;
}

/** Whether two quantities are the same amount, however they are written (`1` and `1000m`). */
export function sameQuantity(a: string, b: string): boolean {
  if (a === b) return true;
  const left = parseQuantity(a);
  const right = parseQuantity(b);
  return left !== undefined && right !== undefined && Math.abs(left - right) <= 1e-9 * Math.abs(left);
}
