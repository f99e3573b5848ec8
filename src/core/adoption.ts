import { readCommunity, parseScrape } from './community.ts';
import type { Community } from './community.ts';
import { writtenPrefixes } from './dialects.ts';
import type { EngineConfig } from './engine-config.ts';
import { isMerged } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import { isTcp, places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import { quoted } from './text.ts';
import { parsePortNumber } from './values.ts';

/** What becomes of a Pod that asks for nothing of ours. */
export interface Adoption {
  /** Whether it is carried out as its community annotations say: `adopt: on`, and a port to declare. */
  readonly carriedOut: boolean;
  /** With `adopt: on`, spellings that no scraper reads are readable. */
  readonly pod: Pod;
}

/**
 * Looks at `prometheus.io/scrape: "true"` on a Pod without a request. What will not be scraped as annotated is said with
 * `warn`; what is repaired is said by the repair. A Pod whose spellings alone are repaired gets no record: it would mark
 * the Pod for jobs that want a declared port.
 */
export function adoption(pod: Pod, config: EngineConfig, problems: Problem[]): Adoption {
  const said = readCommunity(pod, config);
  const scrape = said.value('scrape');
  const left = { carriedOut: false, pod };
  if (config.adopt === 'off' || scrape === undefined || parseScrape(scrape.text) !== true) return left;
  const port = said.value('port');
  if (config.adopt === 'on' && port !== undefined && port.text.trim() !== '')
    return { carriedOut: true, pod };
  // Istio's agent serves what it was told; the rest of the owner's words is lost.
  if (isMerged(pod)) return left;
  const readable = config.adopt === 'on' ? withReadableSpellings(pod, said, config, problems) : pod;
  problems.push(...unscraped(readable, readCommunity(readable, config)));
  return { carriedOut: false, pod: readable };
}

const READABLE = ['true', 'http', 'https'];

function withReadableSpellings(pod: Pod, said: Community, config: EngineConfig, problems: Problem[]): Pod {
  const annotations = { ...pod.metadata?.annotations };
  const ours = writtenPrefixes(config).map((prefix) => `${prefix}/`);
  let changed = false;
  for (const name of ['scrape', 'scheme'] as const) {
    const { key = '', text = '' } = said.value(name) ?? {};
    const readable = text.trim().toLowerCase();
    if (readable === text || !READABLE.includes(readable) || !ours.some((prefix) => key.startsWith(prefix)))
      continue;
    annotations[key] = readable;
    changed = true;
    const message = `${quoted(text)} written as ${quoted(readable)}, which every scraper reads`;
    problems.push({ code: 'annotation-normalised', path: key, message });
  }
  return changed ? { ...pod, metadata: { ...pod.metadata, annotations } } : pod;
}

/** What the usual scrape configurations make of it otherwise (prometheus-community's `kubernetes-pods` job). */
function unscraped(pod: Pod, said: Community): readonly Problem[] {
  const problems: Problem[] = [];
  const scrape = said.value('scrape');
  const port = said.value('port');
  const tell = (path: string, message: string, hint: string): void =>
    void problems.push({ code: 'adoption', path, message, hint });
  if (scrape !== undefined && scrape.text !== 'true') {
    tell(scrape.key, `${quoted(scrape.text)} is read by no scraper`, 'write "true"');
  }
  const scheme = said.value('scheme');
  if (scheme !== undefined && !['http', 'https', ''].includes(scheme.text)) {
    tell(scheme.key, `${quoted(scheme.text)} is read by no scraper, which take http`, 'write http or https');
  }
  const declared = places(pod).flatMap(({ container }) => container.ports ?? []);
  if (port === undefined || port.text.trim() === '') {
    const path = port?.key ?? scrape?.key.replace(/scrape$/, 'port') ?? 'prometheus.io/port';
    if (declared.length > 1)
      tell(
        path,
        `not set: each of the ${declared.length} declared ports is scraped`,
        'name the one that serves metrics',
      );
    return problems;
  }
  const number = /^[0-9]+$/.test(port.text) ? parsePortNumber(port.text) : undefined;
  if (number === undefined) {
    tell(
      port.key,
      `${quoted(port.text)} is not a port number, so every declared port is scraped`,
      'write its number',
    );
  } else if (!places(pod).some(({ container }) => tcpPort(container, number) !== undefined)) {
    const copies = declared.filter(isTcp).length;
    if (copies > 1)
      tell(port.key, `${number} is declared by no container: it is scraped ${copies} times`, 'declare it');
  }
  return problems;
}
