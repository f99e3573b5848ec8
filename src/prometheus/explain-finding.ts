/** Something to look at in what would be scraped. */
export interface ScrapeFinding {
  readonly code: ScrapeFindingCode;
  readonly message: string;
  /** The one scrape that it is about. */
  readonly url?: string;
}

/** A new finding is a row here and a function in explain-findings.ts. */
export type ScrapeFindingCode =
  | 'duplicate-url'
  | 'same-labels'
  | 'undeclared-port'
  | 'not-tcp'
  | 'no-port'
  | 'bare-ipv6'
  | 'scheme'
  | 'init-container'
  | 'invalid'
  | 'interval'
  | 'timeout'
  | 'collision'
  | 'unasked'
  | 'untold';
