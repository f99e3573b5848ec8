import { ANNOTATIONS } from './annotations.ts';
import { communityPrefixes, communityValue, parseScrape } from './community.ts';
import type { Reason } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import { SYSTEM_NAMESPACES } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import { own } from './pod.ts';
import { carriesKey } from './request.ts';
import type { Surroundings } from './surroundings.ts';

/** Why the Pod is out, or undefined when it is in. The webhook's selectors say much of this too; code is the judge. */
export function reasonToSkip(pod: Pod, surroundings: Surroundings, config: EngineConfig): Reason | undefined {
  const { annotations } = pod.metadata ?? {};
  if ([...SYSTEM_NAMESPACES, ...config.excludedNamespaces].includes(surroundings.namespace))
    return 'namespace-excluded';
  if (own(annotations, 'kubernetes.io/config.mirror') !== undefined) return 'mirror-pod';
  if (namespaceSwitch(surroundings, config.annotationPrefix) === false) return 'namespace-disabled';
  const inject = injectSwitches(pod, config.annotationPrefix);
  if (inject.includes(false)) return 'disabled';
  if (scrapeSwitchedOff(pod, config) !== undefined) return 'scrape-false';
  return optedIn(pod, surroundings, config) ? undefined : 'not-in';
}

/** The key, in whatever family and spelling, that says `scrape: "false"`. */
export function scrapeSwitchedOff(pod: Pod, config: EngineConfig): string | undefined {
  for (const prefix of communityPrefixes(config)) {
    const { slash, dotted } = communityValue(pod.metadata?.annotations, 'scrape', prefix) ?? {};
    if (slash !== undefined && parseScrape(slash) === false) return `${prefix}/scrape`;
    if (dotted !== undefined && parseScrape(dotted) === false) return `${prefix}.scrape`;
  }
  return undefined;
}

/**
 * What the namespace says of itself: its annotation can only keep podscrape out; its label counts where the path of
 * the request does not tell, because the apiserver's selectors are ahead of any watch.
 */
function namespaceSwitch(
  { trigger, labels, annotations }: Surroundings,
  prefix: string,
): boolean | undefined {
  const key = `${prefix}/inject`;
  const noted = parsedSwitch(own(annotations, key));
  if (noted === false) return false;
  const text = trigger === 'unknown' ? own(labels, key) : undefined;
  // Selectors match to the letter, and so does this.
  return text === text?.toLowerCase() ? parsedSwitch(text) : undefined;
}

function parsedSwitch(text: string | undefined): boolean | undefined {
  const parsed = text === undefined ? undefined : ANNOTATIONS.inject.parse(text);
  return parsed?.ok === true ? parsed.value : undefined;
}

/** What `P/inject` says as annotation and as label; a bad value says nothing here and is reported with the request. */
export function injectSwitches(pod: Pod, prefix: string): readonly boolean[] {
  const { annotations, labels } = pod.metadata ?? {};
  return [annotations, labels].flatMap((map) => {
    const value = parsedSwitch(own(map, `${prefix}/inject`));
    return value === undefined ? [] : [value];
  });
}

function optedIn(pod: Pod, surroundings: Surroundings, config: EngineConfig): boolean {
  const { trigger, labels } = surroundings;
  // A namespace that opted in, or a caller who does not know about namespaces: what is sent is in.
  if (trigger === 'namespace' || (trigger === 'unknown' && labels === undefined)) return true;
  if (namespaceSwitch(surroundings, config.annotationPrefix) === true) return true;
  switch (config.optIn) {
    case 'namespace':
      return false;
    case 'label':
      return own(pod.metadata?.labels, `${config.annotationPrefix}/inject`) !== undefined;
    case 'annotation':
      return carriesKey(pod, config.annotationPrefix);
  }
}
