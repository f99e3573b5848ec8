/**
 * A fast source of numbers that is wholly determined by a seed and the number of a run, so that each run can be
 * repeated alone. Mixing: splitmix32 (Steele, Lea, Flood 2014); the generator: sfc32 (Doty-Humphrey, PractRand).
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, run: number) {
    this.#a = mixed(seed);
    this.#b = mixed(run ^ 0x9e3779b9);
    this.#c = mixed(this.#a ^ run);
    for (let round = 0; round < 12; round++) this.next();
  }

  /** 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 up to, without, `bound`. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }

  /** A whole number; both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True so many times in a hundred; fractions count. */
  percent(share: number): boolean {
    return this.next() / 2 ** 32 < share / 100;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** `count` results of `make`. */
  list<T>(count: number, make: (index: number) => T): T[] {
    return Array.from({ length: count }, (_, index) => make(index));
  }

  /** `{[key]: make()}` so many times in a hundred, else nothing: to be spread into an object. */
  maybe<K extends string, T>(share: number, key: K, make: () => T): { readonly [P in K]?: T } {
    return this.percent(share) ? ({ [key]: make() } as { [P in K]: T }) : {};
  }

  /** Text of `length` characters out of `alphabet`. */
  text(length: number, alphabet: string): string {
    let text = '';
    for (let index = 0; index < length; index++) text += alphabet[this.below(alphabet.length)] ?? '';
    return text;
  }
}

function mixed(value: number): number {
  let z = (value + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
}
