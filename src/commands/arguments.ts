import { InvalidArgumentError } from 'commander';

import { OBJECT_NAME } from '../core/values.ts';

/** A parser for whole numbers within bounds, both included. Errors: InvalidArgumentError, with the bounds. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (number >= from && number <= to) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${String(from)} to ${String(to)}.`);
  };
}

/** A file. Errors: InvalidArgumentError for none, which a variable of a script may have been. */
export function fileName(text: string): string {
  if (text.trim() !== '') return text;
  throw new InvalidArgumentError('It must name a file.');
}

const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A namespace or the like: a DNS label. Errors: InvalidArgumentError. */
export function dnsLabel(text: string): string {
  if (LABEL.test(text)) return text;
  throw new InvalidArgumentError(
    'It must have 1 to 63 lower case letters, digits and dashes, with none at its ends.',
  );
}

/** The name of most objects, and the prefix of annotations: a DNS subdomain. Errors: InvalidArgumentError. */
export function dnsSubdomain(text: string): string {
  if (OBJECT_NAME.test(text)) return text;
  throw new InvalidArgumentError(
    'It must have lower case letters, digits, dashes and dots, with a letter or digit at the ends of each part.',
  );
}
