import type { Decision } from '../core/decision.ts';
import { clip } from '../core/text.ts';
import type { AdmissionRequest } from './review.ts';

/** What a decision cost. */
export interface Effort {
  readonly patchOps: number;
  /** Before base64. */
  readonly patchBytes: number;
  readonly durationMs: number;
}

const NAME_LENGTH = 253;
const PATH_LENGTH = 128;
const LIST_LENGTH = 32;

/**
 * The fields of the one log line a decision gets. Values that a user wrote stay out (environment, arguments,
 * annotations, and therefore the messages of problems, which quote them); what podscrape decided goes in.
 */
export function decisionFields(request: AdmissionRequest, decision: Decision, effort?: Effort): object {
  return {
    ...requestFields(request),
    outcome: decision.outcome,
    reason: decision.reason,
    profiles: decision.profiles.slice(0, LIST_LENGTH).map((name) => clip(name, NAME_LENGTH)),
    targets: decision.targets
      .slice(0, LIST_LENGTH)
      .map(({ container, port }) => clip(`${container}:${port}`, PATH_LENGTH)),
    problems: decision.problems
      .slice(0, LIST_LENGTH)
      .map(({ code, path }) => ({ code, path: clip(place(path), PATH_LENGTH) })),
    ...(decision.policy === undefined ? {} : { policy: decision.policy }),
    ...(decision.violations.length === 0
      ? {}
      : {
          violations: decision.violations
            .slice(0, LIST_LENGTH)
            .map(({ convention, severity }) => ({ convention, severity })),
        }),
    ...(effort === undefined
      ? {}
      : {
          patchOps: effort.patchOps,
          patchBytes: effort.patchBytes,
          durationMs: Math.round(effort.durationMs * 1000) / 1000,
        }),
  };
}

/** Which request it is: enough to find the object and its owner again. */
export function requestFields(request: AdmissionRequest): object {
  const { group, version, kind } = request.kind;
  return {
    uid: clip(request.uid, NAME_LENGTH),
    namespace: text(request.namespace),
    ...nameOf(request),
    owner: ownerOf(request.object),
    kind: clip([group, version, kind].filter((part) => part !== '').join('/'), NAME_LENGTH),
    operation: clip(request.operation, NAME_LENGTH),
    subResource: text(request.subResource),
    dryRun: request.dryRun === true,
  };
}

/** Pods of controllers come without a name; what they have is the beginning of one. */
function nameOf({ name, object }: AdmissionRequest): object {
  const metadata = property(object, 'metadata');
  const own = text(name) ?? text(property(metadata, 'name'));
  return own === undefined ? { generateName: text(property(metadata, 'generateName')) } : { name: own };
}

function ownerOf(object: unknown): string | undefined {
  const owners = property(property(object, 'metadata'), 'ownerReferences');
  if (!Array.isArray(owners)) return undefined;
  const owner: unknown = owners.find((candidate) => property(candidate, 'controller') === true);
  const kind = text(property(owner, 'kind'));
  const name = text(property(owner, 'name'));
  return kind === undefined || name === undefined ? undefined : clip(`${kind}/${name}`, NAME_LENGTH);
}

/** `podscrape.dev/targets[1].port` without what follows the index: those words stand inside an annotation's value. */
function place(path: string): string {
  return /^[^\]]*\]/.exec(path)?.[0] ?? path;
}

/** The object is checked by nobody before us, so nothing about its shape is taken for granted. */
function property(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? clip(value, NAME_LENGTH) : undefined;
}
