import type { Pod } from './kubernetes.ts';
import type { Place } from './pod.ts';
import { imageName, isMetricsPortName, isTcp, places, tcpPort } from './pod.ts';
import type { Exporter } from './profile.ts';
import { parsePath, parsePortNumber } from './values.ts';

/** An exporter that is in the Pod already: its container and its ports. */

/**
 * The container of the exporter's name, else of its image, wherever the image comes from; one of another exporter's
 * name is that one's.
 *
 * @param asked the names of the request's exporters
 */
export function findExporter(
  pod: Pod,
  exporter: Exporter,
  asked: ReadonlyMap<string, unknown>,
): Place | undefined {
  const all = places(pod).filter((place) => place.serves);
  const names = [...exporter.imageNames, imageName(exporter.image)];
  return (
    all.find(({ container }) => container.name === exporter.name) ??
    all.find(({ container }) => !asked.has(container.name) && names.includes(imageName(container.image)))
  );
}

/** Where an exporter that is already there serves metrics: by port name, by its flag, by its usual number. */
export function metricsPortOf(place: Place, exporter: Exporter): number {
  const ports = (place.container.ports ?? []).filter(isTcp);
  const named = ports.find((port) => isMetricsPortName(port.name));
  if (named !== undefined) return named.containerPort;
  const set = setPort(place, exporter, '{port}');
  if (set !== undefined) return set;
  if (tcpPort(place.container, exporter.port) !== undefined) return exporter.port;
  const others = ports.filter((port) => port.containerPort !== exporter.ingestPort);
  return others.length === 1 && others[0] !== undefined ? others[0].containerPort : exporter.port;
}

/** The port in the argument or variable that sets it, if the Pod has one. */
export function setPort(
  place: Place,
  exporter: Exporter,
  variable: '{port}' | '{ingest}',
): number | undefined {
  return flagPort(place, exporter, variable) ?? variablePort(place, exporter, variable);
}

/** The path that an exporter that is already there is told, by the flag that Prometheus' exporters have for it. */
export function metricsPathOf(place: Place, exporter: Exporter): string {
  const told = parsePath(flagValue(place, '--web.telemetry-path') ?? '');
  return told.ok ? told.value : exporter.path;
}

/** `--web.listen-address=:9200` or `--port=9200`. */
function flagPort(place: Place, exporter: Exporter, variable: string): number | undefined {
  const flag = exporter.args.find((arg) => arg.includes(variable))?.split('=', 1)[0];
  return flag === undefined ? undefined : portAtEnd(flagValue(place, flag));
}

/** The value of a flag, behind a `=` or as the next argument; Go's own flags may have one dash or two. */
function flagValue({ container }: Place, flag: string): string | undefined {
  const args = [...(container.command ?? []), ...(container.args ?? [])];
  const bare = (text: string): string => text.replace(/^--?(?!-)/, '-');
  const name = bare(flag);
  const index = args.findIndex((arg) => bare(arg) === name || bare(arg).startsWith(`${name}=`));
  const found = args[index];
  if (found === undefined) return undefined;
  return bare(found) === name ? args[index + 1] : bare(found).slice(name.length + 1);
}

function variablePort({ container }: Place, exporter: Exporter, variable: string): number | undefined {
  const name = exporter.env?.find((entry) => 'value' in entry && entry.value.includes(variable))?.name;
  return portAtEnd((container.env ?? []).findLast((entry) => entry.name === name)?.value);
}

function portAtEnd(text: string | undefined): number | undefined {
  return parsePortNumber(/(?:^|[:=])([0-9]+)$/.exec(text ?? '')?.[1] ?? '');
}
