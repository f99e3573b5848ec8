import type { EngineConfig } from './engine-config.ts';
import { ISTIO_PORTS } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import { isTcp, places } from './pod.ts';
import { probedPorts } from './probed-ports.ts';
import type { Problem } from './problem.ts';

/**
 * Moves a new exporter off the ports that the Pod or another target has. One that cannot be told its port cannot move: a
 * problem says so.
 */
export function choosePorts(
  pod: Pod,
  planned: PlannedExporter,
  taken: ReadonlySet<number>,
  { annotationPrefix }: EngineConfig,
  problems: Problem[],
): PlannedExporter {
  if (planned.existing !== undefined) return planned;
  const { exporter } = planned;
  const move = (from: number, used: ReadonlySet<number>, place: '{port}' | '{ingest}'): number => {
    const free = nextFree(from, used);
    if (free === from || (free !== undefined && isTold(planned, place))) return free;
    const [message, hint] =
      free === undefined
        ? [`no port is free for ${exporter.name}`, 'declare fewer ports']
        : [`${exporter.name} serves ${from}, which is taken`, `free it, or say ${place} in its args or env`];
    problems.push({ code: 'port-conflict', path: `${annotationPrefix}/profile`, message, hint });
    return from;
  };
  const declared = places(pod).flatMap(({ container }) => container.ports ?? []);
  const held = [...taken, ...probedPorts(pod), ...ISTIO_PORTS];
  // Metrics are served over TCP, so that a UDP port of that number is no obstacle; packets come in over both.
  const tcp = declared.filter(isTcp).map(({ containerPort }) => containerPort);
  const port = move(planned.port, new Set([...held, ...tcp]), '{port}');
  const used = new Set([...held, port, ...declared.map(({ containerPort }) => containerPort)]);
  const ingest = planned.ingest === undefined ? undefined : move(planned.ingest, used, '{ingest}');
  return { ...planned, port, ingest };
}

/** Whether an argument or variable tells the exporter a port. */
function isTold({ exporter, profiles, connected }: PlannedExporter, place: '{port}' | '{ingest}'): boolean {
  const args = [...exporter.args, ...profiles.flatMap((one) => one.exporter?.args ?? []), ...connected.args];
  const env = [...(exporter.env ?? []), ...connected.env];
  return [...args, ...env.map((one) => ('value' in one ? one.value : ''))].some((text) =>
    text.includes(place),
  );
}

/** The ports of a planned exporter: where it serves, and where it listens. */
export function portsOf({ exporter, existing, port, ingest }: PlannedExporter): readonly number[] {
  // The owner's, if no flag says otherwise, listens where it always does.
  const listens = ingest ?? (existing === undefined ? undefined : exporter.ingestPort);
  return listens === undefined ? [port] : [port, listens];
}

function nextFree(from: number, used: ReadonlySet<number>): number | undefined {
  for (let step = 0; step < 65535; step++) {
    const port = ((from - 1 + step) % 65535) + 1;
    if (port >= 1024 && !used.has(port)) return port;
  }
  return undefined;
}
