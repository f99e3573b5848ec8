import { run } from './run.ts';

/** What is printed of scrapes for programs, as far as the tests read it. */
export interface Scrape {
  readonly jobsOf: string;
  readonly pod: Readonly<Record<string, unknown>>;
  readonly discovered: readonly {
    readonly place: string;
    readonly labels: Readonly<Record<string, string>>;
  }[];
  readonly jobs: readonly {
    readonly job: string;
    readonly state: string;
    readonly found: readonly {
      readonly steps: readonly object[];
      readonly outcome: { readonly state: string };
    }[];
    readonly targets: readonly { readonly url: string; readonly interval: string }[];
  }[];
  readonly requested: readonly { readonly scraped: boolean; readonly why: readonly object[] }[];
  readonly findings: readonly { readonly code: string }[];
  readonly health?: readonly { readonly state: string; readonly cause?: { readonly code: string } }[];
}

/** What explain says of the first object. */
export async function scrapeOf(...args: string[]): Promise<{ code: number; stderr: string; scrape: Scrape }> {
  const { code, stdout, stderr } = await run('explain', '-o', 'json', ...args);
  const [record] = JSON.parse(stdout) as readonly { readonly scrape: Scrape }[];
  return { code, stderr, scrape: record!.scrape };
}

/** A Deployment of two containers, one of which asks. */
export const WEB_YAML = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}, annotations: {podscrape.dev/port: "8080"}}
    spec:
      containers:
      - {name: web, ports: [{containerPort: 8080, name: http}]}
      - {name: proxy, ports: [{containerPort: 9000}]}
`;
