import { placeOf } from './explain.ts';
import type { ScrapeFinding } from './explain-finding.ts';
import type { FoundTarget, ScrapeTarget } from './target.ts';

/** A target that would be scraped, with where it comes from. */
export interface Scraped {
  readonly job: string;
  readonly found: FoundTarget;
  readonly target: ScrapeTarget;
}

/** So many origins are named; the rest is counted. */
const MOST_ORIGINS = 10;

/** Scrapes of one URL count everything that often; those with one set of labels overwrite each other. */
export function duplicates(scraped: readonly Scraped[]): readonly ScrapeFinding[] {
  const byUrl = Map.groupBy(scraped, ({ target }) => target.url);
  const byLabels = Map.groupBy(scraped, ({ target }) => JSON.stringify([...target.labels]));
  return [
    ...[...byUrl].flatMap(([url, same]) => (same.length > 1 ? [ofUrl(url, same)] : [])),
    ...[...byLabels.values()].flatMap((same) => {
      const urls = new Map(same.map((one) => [one.target.url, one]));
      return urls.size > 1 ? [ofLabels([...urls.values()])] : [];
    }),
  ];
}

function ofUrl(url: string, same: readonly Scraped[]): ScrapeFinding {
  const names = differing(same.map(({ target }) => target));
  const how = names.length === 0 ? 'with the same labels' : `differing only in ${names.join(', ')}`;
  const times = same.length === 2 ? 'twice' : `${same.length} times`;
  return { code: 'duplicate-url', message: `${url} is scraped ${times}, ${how}: ${origins(same)}` };
}

function ofLabels(same: readonly Scraped[]): ScrapeFinding {
  const urls = joined(same.map(({ target }) => target.url));
  const message = `${urls} get the same labels, so that their samples collide: ${origins(same)}; add a label that tells them apart`;
  return { code: 'same-labels', message };
}

/** Names of labels that are not the same on all. */
function differing(targets: readonly ScrapeTarget[]): readonly string[] {
  const names = new Set(targets.flatMap(({ labels }) => [...labels.keys()]));
  return [...names].filter((name) => new Set(targets.map(({ labels }) => labels.get(name))).size > 1);
}

function origins(scraped: readonly Scraped[]): string {
  const jobs = Map.groupBy(scraped, ({ job }) => job);
  return joined(
    [...jobs].map(([job, of]) => `${joined(of.map(({ found }) => placeOf(found.discovered)))} in job ${job}`),
  );
}

function joined(words: readonly string[]): string {
  const shown = words.slice(0, MOST_ORIGINS);
  const rest = words.length - shown.length;
  const all = rest > 0 ? [...shown, `${rest} more`] : shown;
  return all.length === 1 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1) ?? ''}`;
}

/** `web:8080 in job pods`. */
export function originOf({ job, found }: Scraped): string {
  return `${placeOf(found.discovered)} in job ${job}`;
}
