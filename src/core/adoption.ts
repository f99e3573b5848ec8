import { readCommunity, parseScrape } from './community.ts';
import type { Community, CommunityValue } from './community.ts';
import type { EngineConfig } from './engine-config.ts';
import { isMerged } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import { isTcp, places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import { quoted } from './text.ts';
import { parsePortNumber } from './values.ts';

/**
 * Whether a Pod that asks for nothing of ours is carried out as its community annotations say: `adopt: on`, and a port
 * to declare. What will not be scraped as annotated is said with `warn` too; what is repaired is said by the repair.
 */
export function adopts(pod: Pod, config: EngineConfig, problems: Problem[]): boolean {
  if (config.adopt === 'off') return false;
  const said = readCommunity(pod, config);
  const scrape = said.value('scrape');
  if (scrape === undefined || parseScrape(scrape.text) !== true) return false;
  const port = said.value('port');
  if (config.adopt === 'on' && port !== undefined && port.text.trim() !== '') return true;
  // Istio's agent serves what it was told; the rest of the owner's words is lost.
  if (!isMerged(pod)) problems.push(...unscraped(pod, said, scrape, port));
  return false;
}

/** What the usual scrape configurations make of it otherwise (prometheus-community's `kubernetes-pods` job). */
function unscraped(
  pod: Pod,
  said: Community,
  scrape: CommunityValue,
  port: CommunityValue | undefined,
): readonly Problem[] {
  const problems: Problem[] = [];
  const tell = (path: string, message: string, hint: string): void =>
    void problems.push({ code: 'adoption', path, message, hint });
  if (scrape.text !== 'true') {
    tell(scrape.key, `${quoted(scrape.text)} is read by no scraper`, 'write "true"');
  }
  const scheme = said.value('scheme');
  if (scheme !== undefined && !['http', 'https', ''].includes(scheme.text)) {
    tell(scheme.key, `${quoted(scheme.text)} is read by no scraper, which take http`, 'write http or https');
  }
  const declared = places(pod).flatMap(({ container }) => container.ports ?? []);
  if (port === undefined || port.text.trim() === '') {
    const path = port?.key ?? scrape.key.replace(/scrape$/, 'port');
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
