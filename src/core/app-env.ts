import type { Container, EnvVar, Pod } from './kubernetes.ts';
import type { Problem } from './problem.ts';
import type { AppEnv } from './profile.ts';
import { literal } from './text.ts';

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
 */
export function setAppEnv(
  pod: Pod,
  containers: readonly Container[],
  variables: readonly AppEnv[],
  prefix: string,
  problems: Problem[],
): AppEnvAdded {
  const application = new Set(containers);
  const added: string[] = [];
  const extended: string[] = [];
  const present: string[] = [];
  const after = pod.spec.containers.map((container) => {
    if (!application.has(container)) return container;
    const result = extend(container, variables, prefix, problems);
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
export function filledEnv(variables: readonly AppEnv[], at: Whereabouts): readonly AppEnv[] {
  const values: Readonly<Record<string, string | undefined>> = {
    '{url}': literal(at.url),
    '{port}': at.port?.toString(),
    '{ingest}': at.ingest?.toString(),
  };
  const isKnown = (variable: AppEnv): boolean =>
    (textOf(variable).match(PLACES) ?? []).every((place) => values[place] !== undefined);
  const fill = (text: string): string => text.replace(PLACES, (place) => values[place] ?? place);
  return variables
    .filter(isKnown)
    .map((variable) =>
      'append' in variable
        ? { ...variable, append: fill(variable.append) }
        : { ...variable, value: fill(variable.value) },
    );
}

const PLACES = /\{(?:url|port|ingest)\}/g;

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
  wanted: readonly AppEnv[],
  prefix: string,
  problems: Problem[],
): Extended {
  const env = [...(container.env ?? [])];
  const added: string[] = [];
  const extended: string[] = [];
  const present: string[] = [];
  const leave = (names: string, why: string): Extended => {
    problems.push({
      code: 'env-left-alone',
      path: `${prefix}/app-env`,
      message: `${names} of ${container.name} ${why}`,
      hint: 'off silences this',
    });
    return { env: container.env ?? [], added: [], extended: [], present };
  };
  const absent = wanted.filter((variable) => lastOf(container, variable.name) < 0);
  const elsewhere = wanted.filter((variable) => isElsewhere(container, variable));
  if (elsewhere.length > 0) {
    return leave(elsewhere.map(({ name }) => name).join(', '), 'is set by its owner and left alone');
  }
  if (absent.length > 0 && (container.envFrom ?? []).length > 0) {
    return leave(absent.map(({ name }) => name).join(', '), 'may come from envFrom and is not set');
  }
  for (const variable of wanted) {
    const index = lastOf(container, variable.name);
    const entry = env[index];
    if (entry === undefined) {
      env.push({ name: variable.name, value: 'append' in variable ? variable.append : variable.value });
      added.push(variable.name);
    } else if ('append' in variable && !(entry.value ?? '').includes(variable.unless)) {
      env[index] = {
        ...entry,
        value: [entry.value ?? '', variable.append].filter((part) => part !== '').join(' '),
      };
      extended.push(variable.name);
    }
    present.push(variable.name);
  }
  return { env, added, extended, present };
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
