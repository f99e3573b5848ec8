/** `missed`: what was asked for is not so · `information`: good to know, and nobody's fault. */
export type FindingLevel = 'missed' | 'information';

interface FindingRow {
  readonly level: FindingLevel;
  /** What it means, for people. */
  readonly summary: string;
}

/** What an audit can find. A new finding is a row here; the words never change their meaning once released. */
export const FINDINGS = {
  'not-injected': {
    level: 'missed',
    summary: 'the Pod asks, and has no record of podscrape: it was created past the webhook',
  },
  'workload-asks': {
    level: 'missed',
    summary: 'what made the Pod asks, and the Pod, of an earlier template, does not',
  },
  outdated: {
    level: 'missed',
    summary: 'another configuration or version decided, and this one decides otherwise',
  },
  'status-broken': { level: 'missed', summary: 'the record on the Pod cannot be read' },
  'status-differs': {
    level: 'missed',
    summary: 'the Pod and its record do not match, or its annotations were edited afterwards',
  },
  'not-scraped': { level: 'missed', summary: 'the Pod asks, and no scrape job finds its target' },
  'scrape-fails': { level: 'missed', summary: 'a scrape job finds the target, and cannot scrape it' },
  refused: { level: 'information', summary: 'the request is wrong, and the Pod is as its owner wrote it' },
  skipped: { level: 'information', summary: 'the Pod asks, and a rule or an opt-out says no' },
  'no-longer-asked': { level: 'information', summary: 'the Pod is injected, and a new one would not be' },
  newer: { level: 'information', summary: 'a newer podscrape than this one injected the Pod' },
  'scrape-untold': {
    level: 'information',
    summary: 'whether a scrape job finds the target depends on what an audit does not see',
  },
  'scrape-doubtful': {
    level: 'information',
    summary: 'the Pod is scraped in a way that is likely not meant',
  },
} as const satisfies Record<string, FindingRow>;

export type FindingCode = keyof typeof FINDINGS;

/** One thing about one Pod. */
export interface PodFinding {
  readonly code: FindingCode;
  /** A sentence without its full stop. */
  readonly message: string;
}
