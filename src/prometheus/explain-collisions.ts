import type { JobScrapes, PodScrapes } from './explain.ts';
import type { ScrapeFinding } from './explain-finding.ts';
import { labelsBefore } from './explain-words.ts';
import { compareNames } from './labels.ts';
import type { CompiledRule } from './relabel-rule.ts';
import { nameCollisions } from './pod-discovery.ts';
import type { FoundTarget } from './target.ts';
import { isByChance, setWith } from './target-labels.ts';

/** Names that become one, of which Prometheus takes any: its Go maps have no order. */
export function collisions({ pod, jobs }: PodScrapes): readonly ScrapeFinding[] {
  const found = nameCollisions(pod).map(({ of, names, label }) => {
    return `the ${of}s ${names.join(' and ')} become one label, ${label}: Prometheus takes either by chance; keep one`;
  });
  const messages = new Set([...found, ...jobs.flatMap(mapped)]);
  return [...messages].map((message) => ({ code: 'collision', message }));
}

/** What a rule labelmap makes of two labels, where no later rule writes it anew. */
function mapped({ job, found }: JobScrapes): readonly string[] {
  return found.flatMap((one) =>
    one.steps.flatMap(({ rule: index }, place) => {
      const rule = job.rules[index];
      if (rule?.action !== 'labelmap') return [];
      const later = new Set(
        one.steps.slice(place + 1).flatMap(({ changes }) => changes.map(({ name }) => name)),
      );
      return [...chances(one, place, rule)]
        .filter(([name]) => !later.has(name))
        .map(
          ([name, sources]) =>
            `rule ${index + 1} (labelmap) of job ${job.name} writes ${name} from ${sources.join(' and ')}, whose values differ: Prometheus takes ${sources.length === 2 ? 'either' : 'any'} by chance; narrow the regex`,
        );
    }),
  );
}

/** The names that may get one of several values, with the labels that these are from. */
function chances(
  found: FoundTarget,
  place: number,
  { regex, replacement }: CompiledRule,
): ReadonlyMap<string, readonly string[]> {
  const step = found.steps[place];
  const labels = step === undefined ? undefined : labelsBefore(found).get(step);
  const bySource = [...(labels ?? [])].filter(([name]) => regex.matches(name));
  const groups = Map.groupBy(bySource, ([name]) => regex.replaceAll(name, replacement));
  const result = new Map<string, readonly string[]>();
  for (const [name, sources] of groups) {
    // What rules have set comes after everything that was discovered, in the order of the rules.
    const orders = sources.map(([source]) => (found.discovered.has(source) ? setWith(source) : Infinity));
    const last = Math.max(...orders);
    const winners = sources.filter((_, index) => orders[index] === last);
    const isChance = new Set(winners.map(([, value]) => value)).size > 1;
    if (isChance && last !== Infinity && isByChance(last))
      result.set(name, winners.map(([source]) => source).sort(compareNames));
  }
  return result;
}
