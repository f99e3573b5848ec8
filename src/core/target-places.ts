import { COMMUNITY_PREFIX, communityValue } from './community.ts';
import type { Decision, Target } from './decision.ts';
import type { Pod } from './kubernetes.ts';
import { applicationContainers, hasPortName, isHelper, servingPlace } from './pod.ts';
import type { OwnKeys } from './request.ts';
import { readOwnKeys } from './request.ts';
import type { TargetRequest } from './target-list.ts';
import { readTargetList } from './target-list.ts';
import { parsePortNumber } from './values.ts';

/** The attributes of a target that a Pod can set and a message can point at. */
export type PlacedAttribute = 'port' | 'path' | 'interval';

/** Where the Pod says something of a target, so that a message about it can point there. */
export interface PlaceInRequest {
  /** An annotation key, with an index for a list. */
  readonly path: string;
  /** Whether it is said there; if not, it is where it could be. */
  readonly set: boolean;
}

/** A Pod's request as far as places need it; read once, asked for every target. */
export interface RequestPlaces {
  readonly pod: Pod;
  readonly prefix: string;
  readonly keys: OwnKeys;
  /** The entries of `P/targets`, empty without it. */
  readonly list: readonly TargetRequest[];
  /** Community annotations that podscrape wrote: they are no place to send a person to. */
  readonly written: ReadonlySet<string>;
}

export function requestPlaces(pod: Pod, prefix: string, { added }: Decision): RequestPlaces {
  const keys = readOwnKeys(pod, prefix);
  const { targets } = keys.values;
  // What is wrong with the list is in the decision already.
  const list = targets === undefined ? [] : readTargetList(targets, `${prefix}/targets`, []);
  return { pod, prefix, keys, list, written: new Set(added.annotations) };
}

/** The place of an attribute: the target's entry of the list, our own key, the community's, or where to set it. */
export function placeOf(places: RequestPlaces, target: Target, attribute: PlacedAttribute): PlaceInRequest {
  const { pod, prefix, keys, list } = places;
  const key = `${prefix}/${attribute}`;
  if (!describesApplication(pod, target) && attribute !== 'interval') {
    return { path: `${prefix}/profile`, set: keys.present.has('profile') };
  }
  const entry = entryOf(places, target);
  if (entry?.[attribute] !== undefined) return { path: entry.place(attribute), set: true };
  // A list makes the Pod's own port void (application.ts); path and interval stay its defaults.
  if (keys.present.has(attribute) && !(attribute === 'port' && list.length > 0))
    return { path: key, set: true };
  if (entry !== undefined) return { path: entry.place(attribute), set: false };
  const community = communityPlace(places, target, attribute);
  return { path: community ?? key, set: community !== undefined };
}

/** The community annotation that the target has its value from; a mesh may have put values of its own there. */
function communityPlace(
  { pod, written }: RequestPlaces,
  target: Target,
  attribute: PlacedAttribute,
): string | undefined {
  if (attribute === 'interval') return undefined;
  const value = communityValue(pod.metadata?.annotations, attribute, COMMUNITY_PREFIX);
  if (value === undefined || written.has(value.key)) return undefined;
  // What is no number is the name of the port.
  const said = attribute === 'port' ? (parsePortNumber(value.text.trim()) ?? target.port) : value.text;
  return said === target[attribute] ? value.key : undefined;
}

/** An application's port as our own keys ask for it: a number, a name, or undefined where they leave it open. */
export function askedPort(places: RequestPlaces, target: Target): number | string | undefined {
  return places.list.length > 0 ? entryOf(places, target)?.port : places.keys.values.port;
}

/** Whether a target is the application's rather than that of an exporter, which the request never describes. */
export function describesApplication(pod: Pod, { container }: Target): boolean {
  const place = servingPlace(pod, container);
  if (place === undefined) return false;
  return !isHelper(place.container) || applicationContainers(pod).includes(place.container);
}

/** The first entry of the list that can be the target's. */
function entryOf({ pod, list }: RequestPlaces, target: Target): TargetRequest | undefined {
  const container = servingPlace(pod, target.container)?.container;
  return list.find(
    (entry) =>
      (entry.container ?? target.container) === target.container &&
      (entry.path ?? target.path) === target.path &&
      (typeof entry.port === 'string'
        ? container !== undefined && hasPortName(container, target.port, entry.port)
        : (entry.port ?? target.port) === target.port),
  );
}
