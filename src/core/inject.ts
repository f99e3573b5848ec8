import { adoption } from './adoption.ts';
import { applicationRequests } from './application.ts';
import type { Work } from './work.ts';
import { build } from './build.ts';
import { readCommunity } from './community.ts';
import type { Decision, Injection, Reason } from './decision.ts';
import { skipped } from './decision.ts';
import { injectSwitches, reasonToSkip, scrapeSwitchedOff } from './eligible.ts';
import type { EngineConfig } from './engine-config.ts';
import { choosePorts, portsOf } from './exporter-ports.ts';
import { planExporters, sidecarObstacle } from './exporters.ts';
import { isMerging } from './istio.ts';
import type { Pod } from './kubernetes.ts';
import { fitting } from './namespace-limits-fit.ts';
import type { PlannedExporter } from './planned-exporter.ts';
import { isPodShaped } from './pod.ts';
import type { Problem } from './problem.ts';
import { hasErrors, problemText, severity } from './problem.ts';
import type { Profile } from './profile.ts';
import type { Layers, OwnKeys, Request } from './request.ts';
import { adoptedRequest, readOwnKeys, readRequest } from './request.ts';
import { INTERVAL, scrapeTimes, TIMEOUT } from './scrape-times.ts';
import { ANNOTATION_BYTES, annotationBytes } from './self-check.ts';
import { statusKey, stillThere, withStatus } from './status.ts';
import type { Surroundings } from './surroundings.ts';
import type { ResolvedTarget } from './targets.ts';
import { checkOverlaps, distinct, reachable, withoutExporters } from './target-checks.ts';
import { resolveTargets } from './targets.ts';
import { underPolicy } from './under-policy.ts';

/**
 * Decides what becomes of one Pod and makes it so on a copy: pure, without clock or I/O. Branches that do not change
 * are shared with `pod`, which itself is returned when nothing changes.
 */
export function inject(pod: Pod, surroundings: Surroundings, config: EngineConfig): Injection {
  if (!isPodShaped(pod)) return { decision: skipped('malformed'), pod };
  const { decision, pod: after } = underPolicy(pod, surroundings, config, (policy) =>
    decide(pod, { policy, surroundings }, config),
  );
  const recorded = leavesRecord(decision) ? withStatus(after, decision, config) : after;
  return withinLimits(pod, { decision, pod: recorded }, config);
}

/** What was asked and not done is recorded too, so that `kubectl describe` shows what a person has to mend. */
function leavesRecord({ outcome, reason }: Decision): boolean {
  return outcome !== 'skipped' || reason === 'host-network' || reason === 'no-sidecar';
}

function decide(pod: Pod, layers: Layers, config: EngineConfig): Injection {
  const reason = reasonToSkip(pod, layers.surroundings, config);
  if (reason !== undefined) return { decision: skipped(reason, problemsOfSkip(pod, reason, config)), pod };
  const keys = readOwnKeys(pod, config.annotationPrefix);
  const problems = [...keys.problems];
  const request = readRequest(keys, layers, config, problems);
  if (request === undefined) return withoutRequest(pod, keys, layers, problems, config);
  const { surroundings } = layers;
  return carryOut(pod, request, { reason: 'injected', surroundings }, problems, config);
}

/** The apiserver refuses a Pod whose annotations grow too large, so ours stay out then. */
function withinLimits(pod: Pod, injection: Injection, config: EngineConfig): Injection {
  if (injection.pod === pod || annotationBytes(injection.pod) <= ANNOTATION_BYTES) return injection;
  const message = 'nothing is injected: all annotations together would exceed 256 KiB';
  const problem: Problem = { code: 'not-injected', path: statusKey(config), message };
  return { decision: skipped('too-large', [...injection.decision.problems, problem]), pod };
}

/** A Pod that is out although it asks for something is told so; a Pod that never asked is left in peace. */
function problemsOfSkip(pod: Pod, reason: Reason, config: EngineConfig): readonly Problem[] {
  if (reason !== 'scrape-false') return [];
  const { present } = readOwnKeys(pod, config.annotationPrefix);
  if (present.size === 0) return [];
  const path = scrapeSwitchedOff(pod, config) ?? 'prometheus.io/scrape';
  const message = 'is "false", so the request is not carried out';
  return [{ code: 'opted-out', path, message, hint: 'remove one of the two' }];
}

function withoutRequest(
  pod: Pod,
  keys: OwnKeys,
  { surroundings }: Layers,
  problems: Problem[],
  config: EngineConfig,
): Injection {
  const prefix = config.annotationPrefix;
  if (hasErrors(problems)) return refuse(pod, 'bad-request', [], problems, config);
  const adopted = adoption(pod, config, problems);
  if (adopted.carriedOut) {
    return carryOut(pod, adoptedRequest(keys, config), { reason: 'adopted', surroundings }, problems, config);
  }
  if (injectSwitches(pod, prefix).includes(true) && keys.present.size === 1) {
    const hint = `add ${prefix}/profile: http, or another profile`;
    problems.push({ code: 'nothing-asked', path: `${prefix}/inject`, message: 'nothing is asked for', hint });
  }
  return { decision: skipped('no-request', problems), pod: adopted.pod };
}

/** Nothing is injected. */
function refuse(
  pod: Pod,
  reason: Reason,
  profiles: readonly string[],
  problems: readonly Problem[],
  config: EngineConfig,
): Injection {
  const outcome = reason === 'host-network' || reason === 'no-sidecar' ? 'skipped' : 'refused';
  const decision: Decision = {
    outcome,
    reason,
    profiles,
    targets: [],
    problems,
    ...stillThere(pod, config),
    violations: [],
  };
  return { decision, pod };
}

interface Circumstances {
  readonly reason: Work['reason'];
  readonly surroundings: Surroundings;
}

function carryOut(
  pod: Pod,
  request: Request,
  { reason, surroundings }: Circumstances,
  problems: Problem[],
  config: EngineConfig,
): Injection {
  const profiles = request.profiles.map((profile) => profile.name);
  const said = readCommunity(pod, config);
  const { inPod, external } = planExporters(pod, request, config, problems);
  const { limits } = surroundings;
  const allowed = usable(pod, inPod, config, problems);
  const exporters = fitting(pod, allowed, request.exporter.resources, limits, config, problems);
  const resolved = resolveTargets(
    pod,
    applicationRequests(pod, request, said, { exporters, external }, problems),
    said,
    request.profiles.find((profile) => profile.target !== undefined),
    new Set(exporters.flatMap(({ existing }) => existing?.container.name ?? [])),
    problems,
  );
  const application = distinct(withoutExporters(resolved, exporters, problems), problems);
  for (const planned of exporters) checkTimes(planned, request, problems);
  checkOverlaps(pod, application, exporters, problems);
  const plan = placeExporters(pod, exporters, application, config, problems);
  const errors = problems.filter((problem) => severity(problem) === 'error');
  if (errors.length > 0) {
    const onlyPorts = errors.every((problem) => problem.code === 'port-conflict');
    return refuse(pod, onlyPorts ? 'port-conflict' : 'bad-request', profiles, problems, config);
  }
  const wanted = [...application, ...plan.map((planned) => exporterTarget(planned, request))];
  const targets = reachable(pod, wanted, plan, config, problems) ? wanted : [];
  // With an exporter of the cluster's alone there is nothing to scrape here, and the application is told of it.
  if (targets.length === 0 && (wanted.length > 0 || external.length === 0)) {
    const why = pod.spec.hostNetwork === true ? 'host-network' : 'no-sidecar';
    return refuse(pod, why, profiles, problems, config);
  }
  const merging = isMerging(pod, surroundings);
  return build(pod, { request, profiles, plan, external, targets, said, merging, reason }, problems, config);
}

/** The exporters that are there or may be added; the others are left out, with a word about it. */
function usable(
  pod: Pod,
  exporters: readonly PlannedExporter[],
  config: EngineConfig,
  problems: Problem[],
): readonly PlannedExporter[] {
  return exporters.filter(({ exporter, existing }) => {
    const obstacle = existing === undefined ? sidecarObstacle(pod, exporter, config) : undefined;
    if (obstacle === undefined) return true;
    const message = `no ${exporter.name} is added, because ${obstacle}`;
    problems.push({ code: 'no-sidecar', path: `${config.annotationPrefix}/profile`, message });
    return false;
  });
}

/** New exporters get ports that neither the Pod nor another target has. */
function placeExporters(
  pod: Pod,
  exporters: readonly PlannedExporter[],
  application: readonly ResolvedTarget[],
  config: EngineConfig,
  problems: Problem[],
): readonly PlannedExporter[] {
  const there = exporters.filter(({ existing }) => existing !== undefined);
  const taken = new Set([...application.map(({ port }) => port), ...there.flatMap(portsOf)]);
  return exporters.map((planned) => {
    const chosen = choosePorts(pod, planned, taken, config, problems);
    for (const port of portsOf(chosen)) taken.add(port);
    return chosen;
  });
}

/** The request's times hold for exporters too, over their profiles'; what is wrong with them is said once. */
function checkTimes({ profiles }: PlannedExporter, { attributes }: Request, problems: Problem[]): void {
  const found: Problem[] = [];
  scrapeTimes(attributes, found, timesOf(profiles));
  const said = new Set(problems.map(problemText));
  problems.push(...found.filter((problem) => !said.has(problemText(problem))));
}

/** Of several profiles that share an exporter the first that says something counts. */
function timesOf(profiles: readonly Profile[]): Pick<Profile, 'interval' | 'timeout'> {
  const interval = profiles.find((profile) => profile.interval !== undefined)?.interval;
  const timeout = profiles.find((profile) => profile.timeout !== undefined)?.timeout;
  return { ...(interval === undefined ? {} : { interval }), ...(timeout === undefined ? {} : { timeout }) };
}

function exporterTarget(planned: PlannedExporter, { attributes }: Request): ResolvedTarget {
  const times = scrapeTimes(attributes, [], timesOf(planned.profiles));
  return {
    container: planned.existing?.container.name ?? planned.exporter.name,
    port: planned.port,
    scheme: 'http',
    path: planned.path,
    params: [],
    interval: times?.interval ?? INTERVAL,
    timeout: times?.timeout ?? TIMEOUT,
    source: planned.profiles[0]?.name ?? planned.exporter.name,
    portPlace: planned.exporter.name,
    describedByOwner: false,
  };
}
