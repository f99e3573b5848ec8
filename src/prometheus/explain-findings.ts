import { parseDuration } from '../core/duration.ts';
import { ISTIO_PORTS } from '../core/istio.ts';
import { isTcp, places } from '../core/pod.ts';
import type { Place } from '../core/pod.ts';
import { quoted } from '../core/text.ts';
import type { PodScrapes } from './explain.ts';
import type { IsAsked } from './explain-asked.ts';
import { collisions } from './explain-collisions.ts';
import { duplicates, originOf } from './explain-duplicates.ts';
import type { Scraped } from './explain-duplicates.ts';
import { placeOf, urlParts } from './explain.ts';
import type { ScrapeFinding, ScrapeFindingCode } from './explain-finding.ts';
import { META } from './meta-labels.ts';
import type { Requested } from './explain-requested.ts';
import { isSameTarget } from './explain-requested.ts';
import { ruleText, unknownWords } from './target.ts';

/**
 * Everything that people should look at, in the order of what hurts most.
 *
 * @param isAsked tells times that were asked for from defaults
 */
export function scrapeFindings(
  scrapes: PodScrapes,
  requested: readonly Requested[],
  isAsked: IsAsked,
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
    ...requested.flatMap((one) => times(one, isAsked)),
    ...collisions(scrapes),
    ...unasked(scraped, requested),
    ...untold(scrapes),
  ];
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
  const scheme = target.internal.get('__scheme__') ?? '';
  if (!/^https?$/i.test(scheme)) {
    const what = scheme === '' ? 'it has no scheme' : `its scheme is ${quoted(scheme)}`;
    const message = `${url} cannot be scraped: ${what}, and Prometheus asks by http and https`;
    return [{ code: 'scheme', message, url }];
  }
  const parts = urlParts(url);
  if (parts === undefined) {
    const message = `${url} is no URL that can be scraped: an IPv6 address needs brackets, and ${own} has no port`;
    return [{ code: 'bare-ipv6', message, url }];
  }
  const findings: ScrapeFinding[] = [];
  const add = (code: ScrapeFindingCode, message: string): void => void findings.push({ code, message, url });
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
  // Istio's agent serves its ports from a native sidecar too, which declares others.
  const itself = containers.filter(
    ({ container }) => container.name === found.discovered.get(META.container),
  );
  const isGone =
    found.discovered.get(META.init) === 'true' && ![...declared, ...itself].some(({ serves }) => serves);
  if (isGone && !isIstio) {
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
function times({ target, by }: Requested, isAsked: IsAsked): readonly ScrapeFinding[] {
  return by.flatMap(({ job, scrape, merged }) =>
    (['interval', 'timeout'] as const).flatMap((code): readonly ScrapeFinding[] => {
      const [asked, done] = [target[code], scrape[code]];
      if (merged || asked === 'inherit' || parseDuration(asked) === parseDuration(done)) return [];
      if (!isAsked(target, code)) return [];
      const message = `${scrape.url}: ${code} ${asked} was asked for, and job ${job} takes ${done}; its rules do not read it`;
      return [{ code, message }];
    }),
  );
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

/** Scraped for certain, and not all labels are. */
function untold({ jobs }: PodScrapes): readonly ScrapeFinding[] {
  return jobs.flatMap(({ job, targets }): readonly ScrapeFinding[] => {
    const unknown = targets.find((target) => target.unknown !== undefined)?.unknown;
    if (unknown === undefined) return [];
    const message = `labels of the targets of job ${job.name} are missing here, or have another value: ${ruleText(unknown, job)} makes them of ${unknownWords(unknown)}`;
    return [{ code: 'untold', message }];
  });
}
