import type { Added } from './decision.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Pod } from './kubernetes.ts';
import { places } from './pod.ts';
import type { Problem } from './problem.ts';

/**
 * What an earlier pass set and nobody can tell from the owner's any more: variables that no profile of the
 * configuration sets. They stay, whoever wrote the record, and are told.
 */
export type LeftBehind = Pick<Added, 'env' | 'extended'>;

/** The variables of a record that are there and that no profile sets, or extends, any more. */
export function leftBehind(
  pod: Pod,
  { env = [], extended = [] }: Partial<Added>,
  config: EngineConfig,
): LeftBehind {
  const there = new Set(
    places(pod).flatMap(({ container }) =>
      (container.env ?? [])
        .filter(({ valueFrom }) => (valueFrom ?? undefined) === undefined)
        .map(({ name }) => `${container.name}/${name}`),
    ),
  );
  const set = new Set<string>();
  const appended = new Set<string>();
  for (const { exporter } of config.profiles.values()) {
    for (const variable of exporter?.appEnv ?? []) {
      set.add(variable.name);
      if ('append' in variable) appended.add(variable.name);
    }
  }
  const lost = (entries: readonly string[], known: ReadonlySet<string>): readonly string[] => [
    ...new Set(
      entries.filter((entry) => there.has(entry) && !known.has(entry.slice(entry.indexOf('/') + 1))),
    ),
  ];
  return { env: lost(env, set), extended: lost(extended, appended) };
}

/** Each variable with what to do about it. */
export function leftBehindProblems({ env, extended }: LeftBehind): readonly Problem[] {
  return [...new Set([...env, ...extended])].map((path) => ({
    code: 'left-behind',
    path,
    message: 'stays, as no profile sets it',
    hint: 'give the configuration that it was injected with, or remove it by hand',
  }));
}
