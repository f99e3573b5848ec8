/** Whether the long runs are wanted: `npm run test:soak`. */
export const SOAK = process.env['SOAK'] === '1';

/** The figures of a row: small ones that every run of the tests can afford, and with `SOAK=1` those of the paper. */
export function figures<T>({ always, soak }: { readonly always: T; readonly soak: T }): T {
  return SOAK ? soak : always;
}
