import { RE2JS } from 're2js';

import type { Decision, Target } from './decision.ts';
import { parseDuration } from './duration.ts';
import type { Pod } from './kubernetes.ts';
import { isTcp, servingPlace } from './pod.ts';
import type { Conventions, ConventionSeverity, Policy, Violation } from './policy.ts';
import { policyName } from './policy.ts';
import { metricsPortName } from './ports.ts';
import type { Problem } from './problem.ts';
import { problemText, severity } from './problem.ts';
import type { PlaceInRequest, PlacedAttribute, RequestPlaces } from './target-places.ts';
import { askedPort, describesApplication, placeOf, requestPlaces } from './target-places.ts';
import { clip, oneOf, quoted, WARNING_LENGTH, withoutControlCharacters } from './text.ts';

export interface Judged {
  /** What the decision was made on. It may be a Pod that podscrape has already injected into. */
  readonly pod: Pod;
  readonly decision: Decision;
}

/** All that is off the policy's conventions, in the order of the request: the profile first, then each target. */
export function checkConventions(judged: Judged, policy: Policy, prefix: string): readonly Violation[] {
  const places = requestPlaces(judged.pod, prefix, judged.decision);
  const found = rulesOf(policy.conventions).flatMap(({ convention, severity, check }) =>
    check(judged, places).map((finding): Violation => ({
      convention,
      severity,
      problem: problemOf(finding, policy),
    })),
  );
  const texts = found.map(({ problem }) => problemText(problem));
  // One key can be off for several targets in the same words.
  return found.filter((_, index) => texts.indexOf(texts[index] ?? '') === index);
}

/** What a check found: a place and words, or a problem as it is. */
type Finding = (PlaceInRequest & { readonly what: string }) | Problem;

interface Rule {
  readonly convention: keyof Conventions;
  readonly severity: ConventionSeverity;
  readonly check: (judged: Judged, places: RequestPlaces) => readonly Finding[];
}

function rulesOf(conventions: Conventions): readonly Rule[] {
  const { requireRequest, allowedProfiles, allowedPorts, pathPattern, minInterval } = conventions;
  const { requireNamedPort, noBadValues } = conventions;
  const rules: Rule[] = [];
  const add = (
    convention: keyof Conventions,
    severity: ConventionSeverity | undefined,
    check: Rule['check'],
  ): void => {
    if (severity !== undefined) rules.push({ convention, severity, check });
  };
  add('noBadValues', noBadValues, ({ decision }) => errorsOf(decision));
  add('requireRequest', requireRequest, unasked);
  if (allowedProfiles !== undefined)
    add('allowedProfiles', allowedProfiles.severity, otherProfiles(allowedProfiles.names));
  if (allowedPorts !== undefined)
    add('allowedPorts', allowedPorts.severity, eachTarget('port', outside(allowedPorts.ranges)));
  if (pathPattern !== undefined)
    add('pathPattern', pathPattern.severity, eachTarget('path', unlike(pathPattern.pattern)));
  if (minInterval !== undefined)
    add('minInterval', minInterval.severity, eachTarget('interval', tooOften(minInterval.interval)));
  add('requireNamedPort', requireNamedPort, eachTarget('port', nameless));
  return rules;
}

/** Words for what is off with one target, or undefined. `set` tells whether the Pod says it at the place named. */
type TargetCheck = (target: Target, places: RequestPlaces, set: boolean) => string | undefined;

function eachTarget(attribute: PlacedAttribute, check: TargetCheck): Rule['check'] {
  return ({ decision }, places) =>
    decision.targets.flatMap((target) => {
      const place = placeOf(places, target, attribute);
      const what = check(target, places, place.set);
      return what === undefined ? [] : [{ ...place, what }];
    });
}

function errorsOf({ problems }: Decision): readonly Problem[] {
  return problems.filter((problem) => severity(problem) === 'error');
}

/** Neither asked nor opted out. Whatever else keeps a Pod out (its namespace, being a mirror Pod) is no fault of it. */
function unasked({ decision }: Judged, { prefix }: RequestPlaces): readonly Finding[] {
  if (decision.reason !== 'no-request' && decision.reason !== 'not-in') return [];
  const what = `name one, or set ${prefix}/inject: disabled`;
  return [{ path: `${prefix}/profile`, set: false, what }];
}

function otherProfiles(allowed: readonly string[]): Rule['check'] {
  return ({ decision }, { prefix, keys }) =>
    decision.profiles
      .filter((profile) => !allowed.includes(profile))
      .map((profile) => {
        const set = keys.present.has('profile');
        const what = `${set ? '' : 'the default '}${quoted(profile)} is not ${oneOf(allowed)}`;
        return { path: `${prefix}/profile`, set, what };
      });
}

function outside(ranges: readonly { readonly from: number; readonly to: number }[]): TargetCheck {
  const allowed = ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  return (target, { pod }) => {
    const { port, container } = target;
    if (ranges.some(({ from, to }) => from <= port && port <= to)) return undefined;
    const whose = describesApplication(pod, target) ? '' : ` of ${shortly(container)}`;
    return `${port}${whose} is outside ${oneOf(allowed)}`;
  };
}

function unlike(pattern: string): TargetCheck {
  const regex = compiled(pattern);
  // The administrator's words, and what a person has to keep to: as much of them as the message has room for.
  const wanted = clip(withoutControlCharacters(pattern), 100);
  return ({ path }) => (regex.matches(path) ? undefined : `${quoted(path)} does not match "${wanted}"`);
}

function tooOften(least: string): TargetCheck {
  const milliseconds = parseDuration(least) ?? 0;
  return ({ interval }, _, set) => {
    const asked = parseDuration(interval);
    if (asked === undefined || asked >= milliseconds) return undefined;
    return `${set ? '' : 'the default '}${interval} is shorter than ${least}`;
  };
}

/**
 * An application's port is asked for by name: a number stands only for a port that its owner named. A name that
 * podscrape gives makes no number a name, and a port that nobody asks for gets one; so the verdict before mutation and
 * the one after it agree.
 */
function nameless(target: Target, places: RequestPlaces): string | undefined {
  if (!describesApplication(places.pod, target)) return undefined;
  if (typeof askedPort(places, target) !== 'number') return undefined;
  const names = portNames(places.pod, target);
  if (names.some((name) => !isGivenName(name, target))) return undefined;
  return `${target.port} is a number; name the port of ${shortly(target.container)} and ask for the name`;
}

function portNames(pod: Pod, { container, port }: Target): readonly string[] {
  const ports = servingPlace(pod, container)?.container.ports ?? [];
  return ports.flatMap((declared) =>
    isTcp(declared) && declared.containerPort === port && declared.name ? [declared.name] : [],
  );
}

/** Whether podscrape would give the port this name, plain or after a collision. */
function isGivenName(name: string, { container, port }: Target): boolean {
  const plain = metricsPortName(container, port, new Set());
  return name === plain || name === metricsPortName(container, port, new Set([plain]));
}

/** Patterns come from the configuration, so there are few; the limit is for those that change it all day. */
const MOST_PATTERNS = 100;
const patterns = new Map<string, RE2JS>();

/** Errors: a pattern that is not RE2, which the configuration refuses. */
function compiled(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const regex = RE2JS.compile(pattern);
  if (patterns.size >= MOST_PATTERNS) patterns.clear();
  patterns.set(pattern, regex);
  return regex;
}

/** Of what is off, however long the key and the policy's name are. */
const LEAST_WORDS = 24;

/** The policy is named last; what has to be cut is cut before it. */
function problemOf(finding: Finding, policy: Policy): Problem {
  if ('code' in finding) return finding;
  const { path, set, what } = finding;
  const words = `${set ? '' : 'not set: '}${what}`;
  const room = WARNING_LENGTH - path.length - 2 - policySuffix(policy).length;
  return {
    code: 'off-convention',
    path,
    message: clip(words, Math.max(room, LEAST_WORDS)) + policySuffix(policy),
  };
}

/** Which policy wants it, at the end of every message about a convention. */
export function policySuffix(policy: Policy): string {
  return ` (policy ${policyName(policy)})`;
}

/** A container's name, which may have 63 characters, in a message that may have 120. */
function shortly(container: string): string {
  return clip(container, 24);
}
