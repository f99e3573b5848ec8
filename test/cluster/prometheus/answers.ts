/** Labels as JSON has them. */
export type LabelObject = Readonly<Record<string, string>>;

/** A target that rules have dropped, as `/api/v1/targets` tells it. */
export interface DroppedTarget {
  /** Before any rule, with the job's own. */
  readonly discoveredLabels: LabelObject;
  /** The job's name. */
  readonly scrapePool: string;
}

/** A target that is scraped, as `/api/v1/targets` tells it. */
export interface ActiveTarget extends DroppedTarget {
  readonly labels: LabelObject;
  readonly scrapeUrl: string;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  /** `unknown` until it has been scraped. */
  readonly health: 'up' | 'down' | 'unknown';
  readonly lastError: string;
}

/** What a Prometheus has found. */
export interface Targets {
  readonly active: readonly ActiveTarget[];
  readonly dropped: readonly DroppedTarget[];
}

/** One element of an instant vector. */
export interface Sample {
  readonly labels: LabelObject;
  readonly value: number;
}
