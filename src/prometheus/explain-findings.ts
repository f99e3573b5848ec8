import { parseDuration } from '../core/duration.ts';
import { ISTIO_PORTS } from '../core/istio.ts';
import { isTcp, places } from '../core/pod.ts';
import type { Place } from '../core/pod.ts';
import type { PodScrapes } from './explain.ts';
import { DISCOVERED, placeOf, urlParts } from './explain.ts';
import type { Requested } from './explain-requested.ts';
import { isSameTarget } from './explain-requested.ts';
import { nameCollisions } from './pod-discovery.ts';
import type { FoundTarget, ScrapeTarget } from './target.ts';

/** Something to look at in what would be scraped. */
export interface ScrapeFinding {
  readonly code: ScrapeFindingCode;
  readonly message: string;
}

/** A new finding is a row here and a function below. */
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
  | 'unasked';

/** A target that would be scraped, with where it comes from. */
interface Scraped {
  readonly job: string;
  readonly found: FoundTarget;
  readonly target: ScrapeTarget;
}

/** Everything that people should look at, in the order of what hurts most. */
export function scrapeFindings(
  scrapes: PodScrapes,
  requested: readonly Requested[],
): readonly ScrapeFinding[] {
  const scraped = scrapes.jobs.flatMap(({ job, found, targets }) =>
    targets.flatMap((target): readonly Scraped[] => {
      const origin = found.find(({ outcome }) => outcome.state === 'scraped' && outcome.target === target);
      return origin === undefined ? [] : [{ job: job.name, found: origin, target }];
    }),
  );
  const containers = places(scrapes.pod);
  return [
    ...duplicates(scraped),
    ...scraped.flatMap((one) => failing(one, containers, requested)),
    ...invalid(scrapes),
    ...requested.flatMap(times),
    ...collisions(scrapes),
    ...unasked(scraped, requested),
  ];
}

/** Two scrapes of one URL count everything twice; two with one set of labels overwrite each other. */
function duplicates(scraped: readonly Scraped[]): readonly ScrapeFinding[] {
  const pairs = scraped.flatMap((one, index) =>
    scraped.slice(index + 1).map((other) => [one, other] as const),
  );
  return pairs.flatMap(([one, other]): readonly ScrapeFinding[] => {
    const differing = differences(one.target, other.target);
    const who = `${originOf(one)} and ${originOf(other)}`;
    if (one.target.url === other.target.url) {
      const how =
        differing.length === 0 ? 'with the same labels' : `differing only in ${differing.join(', ')}`;
      return [{ code: 'duplicate-url', message: `${one.target.url} is scraped twice, ${how}: ${who}` }];
    }
    if (differing.length > 0) return [];
    const urls = `${one.target.url} and ${other.target.url}`;
    const message = `${urls} get the same labels, so that their samples collide: ${who}; add a label that tells them apart`;
    return [{ code: 'same-labels', message }];
  });
}

function differences(one: ScrapeTarget, other: ScrapeTarget): readonly string[] {
  const names = new Set([...one.labels.keys(), ...other.labels.keys()]);
  return [...names].filter((name) => one.labels.get(name) !== other.labels.get(name));
}

function originOf({ job, found }: Scraped): string {
  return `${placeOf(found.discovered)} in job ${job}`;
}

/** `8443`, `10250` and the like. */
const TLS_PORTS: readonly number[] = [443, 6443, 8443, 9443, 10250, 10257, 10259];

function failing(
  { found, target }: Scraped,
  containers: readonly Place[],
  requested: readonly Requested[],
): readonly ScrapeFinding[] {
  const { url } = target;
  const own = placeOf(found.discovered);
  const parts = urlParts(url);
  if (parts === undefined) {
    const message = `${url} is no URL that can be scraped: an IPv6 address needs brackets, and ${own} has no port`;
    return [{ code: 'bare-ipv6', message }];
  }
  const findings: ScrapeFinding[] = [];
  const add = (code: ScrapeFindingCode, message: string): void => void findings.push({ code, message });
  if (!parts.hasPort) {
    add(
      'no-port',
      `${url} has no port, so that Prometheus asks port ${parts.port ?? 80}: ${own} declares none`,
    );
  }
  const declared = containers.flatMap(({ container, serves }) =>
    (container.ports ?? [])
      .filter(({ containerPort }) => containerPort === parts.port)
      .map((port) => ({ port, serves, container })),
  );
  const isIstio = parts.port !== undefined && ISTIO_PORTS.includes(parts.port);
  if (parts.hasPort && declared.length === 0 && !isIstio) {
    const message = `${url}: no container declares port ${parts.port ?? ''}; it is scraped all the same, and fails unless something listens`;
    add('undeclared-port', message);
  }
  if (declared.length > 0 && !declared.some(({ port }) => isTcp(port))) {
    const protocols = [...new Set(declared.map(({ port }) => port.protocol))].join(' and ');
    add(
      'not-tcp',
      `${url}: port ${parts.port ?? ''} is declared as ${protocols} only, and Prometheus speaks TCP`,
    );
  }
  const isGone = found.discovered.get(DISCOVERED.init) === 'true' && !declared.some(({ serves }) => serves);
  if (isGone) {
    add('init-container', `${url}: ${own} is an init container that has ended before the Pod is ready`);
  }
  const asked = requested.find(({ target: { port, path } }) => port === parts.port && path === parts.path);
  if (asked !== undefined && asked.target.scheme !== parts.scheme && asked.by.length === 0) {
    add('scheme', `${url}: ${asked.target.scheme} was asked for, and this is ${parts.scheme}`);
  } else if (parts.scheme === 'http') {
    const named = declared.find(({ port }) => /(?:^|-)(?:https|tls)(?:-|$)/.test(port.name ?? ''))?.port.name;
    const what = named === undefined ? `port ${parts.port ?? ''}` : `a port named ${named}`;
    if (named !== undefined || TLS_PORTS.includes(parts.port ?? 0))
      add('scheme', `${url}: http on ${what}, which is likely https; set the scheme annotation`);
  }
  return findings;
}

function invalid({ jobs }: PodScrapes): readonly ScrapeFinding[] {
  return jobs.flatMap(({ job, found }) =>
    found.flatMap(({ outcome, discovered }): readonly ScrapeFinding[] => {
      if (outcome.state !== 'invalid') return [];
      const message = `${placeOf(discovered)} in job ${job.name} is given up by Prometheus, which only logs it: ${outcome.reason}`;
      return [{ code: 'invalid', message }];
    }),
  );
}

/** What was asked for and the job does not do. */
function times({ target, by }: Requested): readonly ScrapeFinding[] {
  return by.flatMap(({ job, scrape, merged }) =>
    (['interval', 'timeout'] as const).flatMap((code): readonly ScrapeFinding[] => {
      const [asked, done] = [target[code], scrape[code]];
      if (merged || asked === 'inherit' || parseDuration(asked) === parseDuration(done)) return [];
      const message = `${scrape.url}: ${code} ${asked} was asked for, and job ${job} takes ${done}; its rules do not read it`;
      return [{ code, message }];
    }),
  );
}

function collisions({ pod }: PodScrapes): readonly ScrapeFinding[] {
  return nameCollisions(pod).map(({ of, names, label }): ScrapeFinding => {
    const message = `the ${of}s ${names.join(' and ')} become one label, ${label}: Prometheus takes either by chance; keep one`;
    return { code: 'collision', message };
  });
}

/** Scraped though nobody asked: most of the time a 404. */
function unasked(scraped: readonly Scraped[], requested: readonly Requested[]): readonly ScrapeFinding[] {
  if (requested.length === 0) return [];
  return scraped.flatMap((one): readonly ScrapeFinding[] => {
    const { url } = one.target;
    const isAsked = requested.some(
      ({ target, by }) => isSameTarget(target, url) || by.some(({ scrape }) => scrape.url === url),
    );
    return isAsked
      ? []
      : [{ code: 'unasked', message: `${url} is scraped though nobody asked for it: ${originOf(one)}` }];
  });
}
