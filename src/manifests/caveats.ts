import type { Decision } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import type { Container, Pod } from '../core/kubernetes.ts';
import { places } from '../core/pod.ts';
import type { AppEnv } from '../core/profile.ts';

const GUNICORN = 'GUNICORN_CMD_ARGS';

/** What a decision cannot see, and people should know who rely on it. One sentence each. */
export function caveats(pod: Pod, decision: Decision, config: EngineConfig): readonly string[] {
  if (decision.outcome !== 'injected') return [];
  const variables = decision.profiles.flatMap((name) => config.profiles.get(name)?.exporter?.appEnv ?? []);
  const containers = places(pod).map(({ container }) => container);
  const { env, extended } = decision.added;
  return [
    ...env.map((entry) => baked(entry, config)),
    ...variables.flatMap((variable) => beaten(variable, containers)),
    ...(variables.some(({ name }) => name === GUNICORN) ? gunicorn([...env, ...extended]) : []),
  ];
}

function baked(entry: string, { annotationPrefix }: EngineConfig): string {
  const [container = '', name = ''] = entry.split('/');
  return (
    `${name} is set in ${container}: a value baked into its image cannot be seen and would be replaced; ` +
    `${annotationPrefix}/app-env: off leaves it alone`
  );
}

/** The command line has the last word over the variable. */
function beaten(variable: AppEnv, containers: readonly Container[]): readonly string[] {
  if (!('unless' in variable)) return [];
  return containers.flatMap((container) =>
    (['command', 'args'] as const).flatMap((list) =>
      (container[list] ?? []).flatMap((word, index) => {
        if (!word.includes(variable.unless)) return [];
        const place = `${list}[${index}] of ${container.name}`;
        return [
          `${place} has ${variable.unless}, which beats what ${variable.name} says; the exporter may get nothing`,
        ];
      }),
    ),
  );
}

function gunicorn(entries: readonly string[]): readonly string[] {
  const names = [...new Set(entries.map((entry) => entry.split('/', 1)[0] ?? ''))];
  const of = names.length === 0 ? '' : ` of ${names.join(', ')}`;
  return [
    `a custom logger_class${of} switches Gunicorn’s statsd off`,
    'while the exporter is down, Gunicorn logs a traceback for each request',
  ];
}
