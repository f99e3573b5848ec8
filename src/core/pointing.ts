import { appEnvOf, filledEnv, presentAppEnv, setAppEnv } from './app-env.ts';
import type { AppEnvAdded } from './app-env.ts';
import type { EngineConfig } from './engine-config.ts';
import type { Container, Pod } from './kubernetes.ts';
import type { ExternalExporter, PlannedExporter } from './planned-exporter.ts';
import { applicationContainers } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Recorder } from './recorder.ts';
import { isOurs } from './sidecar.ts';
import { defaultContainer } from './targets.ts';
import type { Work } from './work.ts';

/** Pointing the application at an exporter, by its variables. */
export interface Pointing {
  readonly work: Work;
  readonly config: EngineConfig;
  readonly record: Recorder;
  readonly problems: Problem[];
}

/**
 * The application's variables, together with a new exporter. Beside one that is there already nothing is set: the
 * owner's is the owner's to connect, and after ours a container that another webhook adds is not the application.
 */
export function pointApplication(
  pod: Pod,
  planned: PlannedExporter,
  { work, config, record, problems }: Pointing,
): Pod {
  if (work.request.appEnv === 'off') return pod;
  const { port, ingest, profiles } = planned;
  const containers = containersToPoint(pod, exporterNames(work));
  const url = `http://127.0.0.1:${port}`;
  const variables = filledEnv(appEnvOf(profiles), { url, port, ingest });
  if (planned.existing !== undefined) {
    if (isOurs(planned)) {
      note(record, NOTHING_SET, presentAppEnv(containers, variables));
    }
    return pod;
  }
  const isSet = (entry: string): boolean => record.hasEnv(entry);
  const result = setAppEnv(pod, containers, variables, config.annotationPrefix, problems, isSet);
  note(record, result, result.present);
  return result.pod;
}

/**
 * The application's variables for an exporter outside the Pod. Whether the application's main container can take them
 * decides for the others too. After a container has them all nothing more is set, so that one that another webhook adds
 * afterwards, wherever it stands, is left alone.
 */
export function pointAway(
  pod: Pod,
  { profiles, url }: ExternalExporter,
  { work, config, record, problems }: Pointing,
): Pod {
  if (work.request.appEnv === 'off') return pod;
  const isSet = (entry: string): boolean => record.hasEnv(entry);
  const names = exporterNames(work);
  const containers = containersToPoint(pod, names);
  const variables = filledEnv(appEnvOf(profiles), { url });
  if (containers.some((one) => presentAppEnv([one], variables).length === variables.length)) {
    const isTold = (one: Container): boolean =>
      setAppEnv(pod, [one], variables, config.annotationPrefix, [], isSet).pod === pod;
    // What is left alone is told each time.
    setAppEnv(pod, containers.filter(isTold), variables, config.annotationPrefix, problems, isSet);
    note(record, NOTHING_SET, presentAppEnv(containers, variables));
    return pod;
  }
  const main = containers.filter((container) => container === defaultContainer(pod, names));
  // Where kubectl's default container is none of the application's, all of them decide.
  const deciding = main.length > 0 ? main : containers;
  const tried = setAppEnv(pod, deciding, variables, config.annotationPrefix, [], isSet);
  const changes = [...tried.added, ...tried.extended];
  const isChanged = ({ name }: Container): boolean => changes.some((entry) => entry.startsWith(`${name}/`));
  const those = deciding.every(isChanged) ? containers : deciding.filter((one) => !isChanged(one));
  const result = setAppEnv(pod, those, variables, config.annotationPrefix, problems, isSet);
  note(record, result, [...result.present, ...presentAppEnv(containers, variables)]);
  return result.pod;
}

type NewlySet = Pick<AppEnvAdded, 'added' | 'extended'>;

const NOTHING_SET: NewlySet = { added: [], extended: [] };

/** Variables that were set or extended just now, and those that say what they should. */
function note(record: Recorder, { added, extended }: NewlySet, present: readonly string[]): void {
  record.note('env', added, present);
  record.note('extended', extended, present);
}

/** The application's; none where every container of the Pod is an exporter. */
function containersToPoint(pod: Pod, exporters: ReadonlySet<string>): readonly Container[] {
  return applicationContainers(pod, exporters).filter(({ name }) => !exporters.has(name));
}

/** The containers that the request's exporters have in the Pod. */
export function exporterNames({ plan }: Work): ReadonlySet<string> {
  return new Set(plan.map(({ existing, exporter }) => existing?.container.name ?? exporter.name));
}
