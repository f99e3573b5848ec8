import type { Container, EnvVar, Pod } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import type { AppEnv, Profile } from './profile.ts';
import { filled, literal } from './text.ts';

/** A variable with the profile that wants it. */
export type WantedEnv = AppEnv & { readonly profile: string };

/** The variables that profiles want of the application, in the profiles' order. */
export function appEnvOf(profiles: readonly Profile[]): readonly WantedEnv[] {
  return profiles.flatMap(({ name, exporter }) =>
    (exporter?.appEnv ?? []).map((variable) => ({ ...variable, profile: name })),
  );
}

/** The Pod with the variables, and which those are. */
export interface AppEnvAdded {
  readonly pod: Pod;
  /** `container/VARIABLE`, set just now. */
  readonly added: readonly string[];
  /** `container/VARIABLE`, with something appended to the owner's value just now. */
  readonly extended: readonly string[];
  /** `container/VARIABLE`, with the value that podscrape wants, now or before. */
  readonly present: readonly string[];
}

/**
 * Points the application at the exporter, in the application's regular containers only and only where that takes
 * nothing away: a variable that is set, or may be set through envFrom, stays as it is, and a warning says so.
 *
 * @param containers the application's
 * @param isOurs whether podscrape set `container/VARIABLE` itself, for another exporter
 */
export function setAppEnv(
  pod: Pod,
  containers: readonly Container[],
  variables: readonly WantedEnv[],
  prefix: string,
  problems: Problem[],
  isOurs: (entry: string) => boolean = () => false,
): AppEnvAdded {
  const application = new Set(containers);
  const added: string[] = [];
  const extended: string[] = [];
  const present: string[] = [];
  const after = pod.spec.containers.map((container) => {
    if (!application.has(container)) return container;
    const result = extend(container, variables, prefix, problems, isOurs);
    present.push(...result.present.map((name) => `${container.name}/${name}`));
    added.push(...result.added.map((name) => `${container.name}/${name}`));
    extended.push(...result.extended.map((name) => `${container.name}/${name}`));
    const same = result.added.length + result.extended.length === 0;
    return same ? container : { ...container, env: result.env };
  });
  return {
    pod: added.length + extended.length === 0 ? pod : { ...pod, spec: { ...pod.spec, containers: after } },
    added,
    extended,
    present,
  };
}

/** Where the application sends to, or is scraped through. */
export interface Whereabouts {
  /** Without a slash at its end. */
  readonly url: string;
  /** Unknown of an exporter outside the Pod. */
  readonly port?: number | undefined;
  readonly ingest?: number | undefined;
}

/** The profile's variables with the exporter's whereabouts filled in; those that need an unknown one are left out. */
export function filledEnv(variables: readonly WantedEnv[], at: Whereabouts): readonly WantedEnv[] {
  const values: Readonly<Record<string, string | undefined>> = {
    '{url}': literal(at.url),
    '{port}': at.port?.toString(),
    '{ingest}': at.ingest?.toString(),
  };
  const isKnown = (variable: AppEnv): boolean =>
    Object.entries(values).every(
      ([place, value]) => value !== undefined || !textOf(variable).includes(place),
    );
  const fill = (text: string): string => filled(text, values);
  return variables
    .filter(isKnown)
    .map((variable) =>
      'append' in variable
        ? { ...variable, append: fill(variable.append) }
        : { ...variable, value: fill(variable.value) },
    );
}

function textOf(variable: AppEnv): string {
  return 'append' in variable ? variable.append : variable.value;
}

/** `container/VARIABLE` of those that already say what podscrape would have them say. */
export function presentAppEnv(
  containers: readonly Container[],
  variables: readonly AppEnv[],
): readonly string[] {
  return containers.flatMap((container) =>
    variables.flatMap((variable) => {
      const value = (container.env ?? [])[lastOf(container, variable.name)]?.value;
      const says =
        'append' in variable ? value?.includes(variable.append) === true : value === variable.value;
      return says ? [`${container.name}/${variable.name}`] : [];
    }),
  );
}

interface Extended {
  readonly env: readonly EnvVar[];
  readonly added: readonly string[];
  readonly extended: readonly string[];
  readonly present: readonly string[];
}

function extend(
  container: Container,
  wanted: readonly WantedEnv[],
  prefix: string,
  problems: Problem[],
  isOurs: (entry: string) => boolean,
): Extended {
  const env = [...(container.env ?? [])];
  const added: string[] = [];
  const extended: string[] = [];
  const present: string[] = [];
  const leave = (variables: readonly WantedEnv[], why: string): void => {
    if (variables.length === 0) return;
    problems.push({
      code: 'env-left-alone',
      path: `${prefix}/app-env`,
      message: `${[...new Set(variables.map(({ name }) => name))].join(', ')} of ${container.name} ${why}`,
      hint: 'off silences this',
    });
  };
  const unchanged = { env: container.env ?? [], added: [], extended: [], present };
  const absent = wanted.filter((variable) => lastOf(container, variable.name) < 0);
  const elsewhere = wanted.filter((variable) => isElsewhere(container, variable));
  if (elsewhere.length > 0) {
    const ours = new Set(elsewhere.filter(({ name }) => isOurs(`${container.name}/${name}`)));
    leave(
      elsewhere.filter((variable) => !ours.has(variable)),
      'is set by its owner and left alone',
    );
    leave([...ours], 'is set for another exporter and stays so');
    return unchanged;
  }
  if (absent.length > 0 && (container.envFrom ?? []).length > 0) {
    leave(absent, 'may come from envFrom and is not set');
    return unchanged;
  }
  for (const variable of wanted) {
    const { name, profile } = variable;
    // Several profiles on one exporter may want the same variable.
    const index = env.findLastIndex((entry) => entry.name === name);
    const entry = env[index];
    if (entry === undefined) {
      env.push({ name, value: textOf(variable) });
      added.push(name);
    } else if ('append' in variable && !(entry.value ?? '').includes(variable.unless)) {
      const value = [entry.value ?? '', variable.append].filter((part) => part !== '').join(' ');
      env[index] = { ...entry, value };
      if (!added.includes(name)) extended.push(name);
    } else if (!says(entry.value ?? '', variable)) {
      const first = wanted.find((other) => other.name === name)?.profile ?? profile;
      problems.push({
        code: 'env-left-alone',
        path: `${prefix}/profile`,
        message: `${first} and ${profile} want different values of ${name}; ${container.name} gets ${first}’s`,
        hint: 'keep one',
      });
    }
    present.push(name);
  }
  return { env, added, extended, present };
}

/** Whether the value is the variable's, with whatever another profile appended to it. */
function says(value: string, variable: AppEnv): boolean {
  const text = textOf(variable);
  return 'append' in variable ? value.includes(text) : `${value} `.startsWith(`${text} `);
}

/** Kubernetes lets a name stand twice in `env`; the last one wins. */
function lastOf(container: Container, name: string): number {
  return (container.env ?? []).map((entry) => entry.name).lastIndexOf(name);
}

/** Set to something that podscrape would have to take away. */
function isElsewhere(container: Container, variable: AppEnv): boolean {
  const entry = (container.env ?? [])[lastOf(container, variable.name)];
  if (entry === undefined) return false;
  if (entry.valueFrom !== undefined && entry.valueFrom !== null) return true;
  const value = entry.value ?? '';
  if ('append' in variable) return value.includes(variable.unless) && !value.includes(variable.append);
  return value !== variable.value;
}
