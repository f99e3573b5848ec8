import { canDeny } from '../core/policy.ts';
import type { Policy } from '../core/policy.ts';
import type { Exporter, Profile } from '../core/profile.ts';
import type { LabelSelector } from '../core/selector.ts';
import type { Config } from './effective.ts';
import { canonicalJson } from './hash.ts';

/** What is allowed but hardly meant: one line each, with the place. `now` in milliseconds since 1970. */
export function advice({ engine }: Config, now: number): string[] {
  return [
    ...onPolicies(engine.policies, now),
    ...[...engine.profiles.values()].flatMap(onProfile),
    ...[...engine.exporters.values()].flatMap(onExporter),
  ];
}

function onPolicies(policies: readonly Policy[], now: number): string[] {
  return policies.flatMap((policy, index) => [
    ...shadowed(policy, policies.slice(0, index)).map(
      (text) => `policies[${index}] (${policy.name}): ${text}`,
    ),
    ...silent(policy).map((text) => `policies[${index}] (${policy.name}): ${text}`),
    ...policy.exemptions.flatMap(({ until }, number) =>
      until > now
        ? []
        : [
            `policies[${index}].exemptions[${number}]: over since ${new Date(until).toISOString()}; take it out`,
          ],
    ),
  ]);
}

/** An exporter is scraped over http, and so is an application that its profile does not put behind https. */
function onProfile({ name, target, access }: Profile): string[] {
  if (access?.tlsConfig === undefined || target?.scheme === 'https') return [];
  return [`profiles.${name}: its tlsConfig says nothing to a target that is scraped over http`];
}

function onExporter({ name, image, args, env = [] }: Exporter): string[] {
  const reference = image.slice(image.lastIndexOf('/') + 1);
  const texts = [...args, ...env.map((variable) => ('value' in variable ? variable.value : ''))];
  return [
    ...(/[:@]/.test(reference)
      ? []
      : [`exporters.${name}: ${image} has neither tag nor digest, so that it is what latest happens to be`]),
    ...(texts.some((text) => text.includes('{port}'))
      ? []
      : [
          `exporters.${name}: neither args nor env say {port}, so that it cannot move when its port is taken in a Pod`,
        ]),
  ];
}

/** Conventions that the mode keeps quiet about. */
function silent(policy: Policy): string[] {
  const { mode, conventions } = policy;
  if (mode === 'inject' && Object.keys(conventions).length > 0)
    return ['its conventions say nothing in mode inject; set mode: warn or enforce'];
  return mode === 'warn' && canDeny(policy) ? ['nothing is denied in mode warn; deny counts as warn'] : [];
}

/** The first policy that matches a namespace wins. */
function shadowed({ namespaceSelector }: Policy, earlier: readonly Policy[]): string[] {
  const own = canonical(namespaceSelector);
  const all = earlier.find((policy) => canonical(policy.namespaceSelector) === canonical({}));
  if (all !== undefined) return [`never matches: ${all.name}, before it, matches every namespace`];
  const same = earlier.find((policy) => canonical(policy.namespaceSelector) === own);
  return same === undefined ? [] : [`never matches: ${same.name}, before it, has the same namespaceSelector`];
}

/** The same text for selectors that say the same in another order. */
function canonical({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  const expressions = matchExpressions.map(({ key, operator, values = [] }) =>
    canonicalJson({ key, operator, values: [...new Set(values)].sort() }),
  );
  return canonicalJson({ matchLabels, matchExpressions: expressions.sort() });
}
