import type { EngineConfig } from './engine-config.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import type { Pod } from './kubernetes.ts';
import { places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import type { ResolvedTarget } from './targets.ts';
import { otherDeclarers } from './targets.ts';

/** What can be wrong with targets that are each right by themselves. Problems are added to `problems`. */

/** Without those that are an exporter's own: its profile describes it, and the request's attributes never do. */
export function withoutExporters(
  targets: readonly ResolvedTarget[],
  exporters: readonly PlannedExporter[],
  problems: Problem[],
): readonly ResolvedTarget[] {
  return targets.filter(({ container, port, portPlace }) => {
    if (!exporters.some((planned) => planned.existing?.container.name === container && planned.port === port))
      return true;
    const message = `${port} is the exporter's; its profile describes it`;
    problems.push({ code: 'ignored-key', path: portPlace, message, hint: 'leave it out' });
    return false;
  });
}

/** Each URL once. */
export function distinct(targets: readonly ResolvedTarget[], problems: Problem[]): readonly ResolvedTarget[] {
  const seen = new Set<string>();
  return targets.filter(({ container, port, scheme, path, params, portPlace }) => {
    const sorted = [...params].sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([container, port, scheme, path, sorted]);
    if (!seen.has(key)) return seen.add(key);
    problems.push({
      code: 'ignored-key',
      path: portPlace,
      message: 'repeats an earlier target and is ignored',
    });
    return false;
  });
}

/** Two targets on one port of two containers, and exporters of the owner, which cannot be moved out of the way. */
export function checkOverlaps(
  pod: Pod,
  application: readonly ResolvedTarget[],
  exporters: readonly PlannedExporter[],
  problems: Problem[],
): void {
  const hint = 'two containers cannot serve one port';
  const holders = new Map<number, string>();
  for (const planned of exporters) {
    if (planned.existing === undefined) continue;
    const { name } = planned.existing.container;
    const first = holders.get(planned.port) ?? name;
    holders.set(planned.port, first);
    if (first !== name) {
      const message = `serves ${planned.port}, and so does ${first}`;
      problems.push({ code: 'port-conflict', path: name, message, hint });
    }
    for (const { port, portPlace } of application.filter(({ container }) => container === name)) {
      const message = `${port} would be on ${name}, which is the exporter`;
      problems.push({
        code: 'bad-value',
        path: portPlace,
        message,
        hint: 'name the application’s container',
      });
    }
    const [other] = otherDeclarers(pod, name, planned.port);
    if (other === undefined) continue;
    problems.push({
      code: 'port-conflict',
      path: name,
      message: `serves ${planned.port}, which ${other} declares`,
      hint,
    });
  }
  for (const { container, port, portPlace } of application) {
    const holder = holders.get(port) ?? container;
    holders.set(port, holder);
    if (holder === container || otherDeclarers(pod, container, port).length > 0) continue;
    const message = `${port} is asked for on ${container} and on ${holder}`;
    problems.push({ code: 'port-conflict', path: portPlace, message, hint });
  }
}

/**
 * Whether every target's port is declared or may be: on the host's network a new containerPort is a port of the node.
 * One that may not be keeps all of them out, or the annotations would come to describe another target.
 */
export function reachable(
  pod: Pod,
  targets: readonly ResolvedTarget[],
  plan: readonly PlannedExporter[],
  config: EngineConfig,
  problems: Problem[],
): boolean {
  if (pod.spec.hostNetwork !== true || config.allowHostNetwork) return true;
  const added = new Set(
    plan.filter(({ existing }) => existing === undefined).map(({ exporter }) => exporter.name),
  );
  const missing = targets.filter(({ container, port }) => {
    const place = places(pod).find((candidate) => candidate.container.name === container);
    return !added.has(container) && (place === undefined || tcpPort(place.container, port) === undefined);
  });
  for (const { port, portPlace } of missing) {
    const message = `${port} is not declared, and a hostNetwork Pod gets no new port`;
    problems.push({ code: 'host-network', path: portPlace, message, hint: 'declare it' });
  }
  return missing.length === 0;
}
