import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

/** What a label tells. */
export interface LabelRow {
  readonly means: string;
  /** Where the set is closed. */
  readonly values?: readonly string[];
}

/** One metric: what registers it, and what the docs say of it. */
export interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What is counted or measured, as one sentence. */
  readonly help: string;
  /** Of the value. */
  readonly unit: string;
  readonly labels?: Readonly<Record<string, LabelRow>>;
  /** Of a histogram. */
  readonly buckets?: readonly number[];
  /**
   * Every combination of the labels' values is there from the start, as zero: a series that starts at zero is the only
   * one whose first increase an alert can see.
   */
  readonly fromStart?: true;
}

type LabelsOf<R> = R extends { readonly labels: infer L } ? keyof L & string : never;

type InstrumentOf<R extends MetricRow> = R['type'] extends 'counter'
  ? Counter<LabelsOf<R>>
  : R['type'] extends 'gauge'
    ? Gauge<LabelsOf<R>>
    : Histogram<LabelsOf<R>>;

/** What to count with, by the names of the rows. */
export type Instruments<T extends Readonly<Record<string, MetricRow>>> = {
  readonly [N in keyof T]: InstrumentOf<T[N]>;
};

/** Makes every metric of a table in a registry. */
export function register<T extends Readonly<Record<string, MetricRow>>>(
  rows: T,
  registry: Registry,
): Instruments<T> {
  const made = Object.entries(rows).map(([name, row]) => [name, instrument(name, row, registry)]);
  // Each row has made what its type says.
  return Object.fromEntries(made) as Instruments<T>;
}

function instrument(name: string, row: MetricRow, registry: Registry): Counter | Gauge | Histogram {
  const { type, help, labels = {}, buckets = [] } = row;
  const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
  if (type === 'histogram') return new Histogram({ ...common, buckets: [...buckets] });
  const made = type === 'counter' ? new Counter(common) : new Gauge(common);
  if (row.fromStart === true) for (const combination of combinations(labels)) made.inc(combination, 0);
  return made;
}

function combinations(labels: Readonly<Record<string, LabelRow>>): readonly Record<string, string>[] {
  return Object.entries(labels).reduce<readonly Record<string, string>[]>(
    (some, [label, { values = [] }]) =>
      some.flatMap((one) => values.map((value) => ({ ...one, [label]: value }))),
    [{}],
  );
}
