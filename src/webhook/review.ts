import { isRecord } from '../core/record.ts';
import { edgeError } from './errors.ts';
import type { EdgeError, EdgeErrorCode } from './errors.ts';

export interface GroupVersionKind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The parts of `admission.k8s.io/v1 AdmissionRequest` that podscrape reads, as parsed and never changed. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly kind: GroupVersionKind;
  /** Null for DELETE and CONNECT; of unknown shape, because mutation runs before validation. */
  readonly object?: object | null;
  readonly oldObject?: unknown;
  readonly name?: string;
  readonly namespace?: string;
  readonly subResource?: string;
  readonly requestSubResource?: string;
  readonly dryRun?: boolean;
}

export type CheckedReview =
  | { readonly ok: true; readonly request: AdmissionRequest }
  | { readonly ok: false; readonly error: EdgeError };

const API_VERSION = 'admission.k8s.io/v1';

/** Fields that may be left out, and what they are otherwise. */
const OPTIONAL = {
  name: 'string',
  namespace: 'string',
  subResource: 'string',
  requestSubResource: 'string',
  dryRun: 'boolean',
} as const;

/**
 * Checks the envelope of a parsed body. Neither it nor the object inside is changed or copied: a schema library that
 * coerces would turn `uid: 7` into a text, and the apiserver would refuse the answer.
 */
export function checkReview(body: unknown): CheckedReview {
  if (body === undefined) return bad('empty-body');
  if (!isRecord(body)) return bad('not-a-review', `it is ${describe(body)}`);
  const { apiVersion, kind, request } = body;
  if (kind !== 'AdmissionReview') return bad('not-a-review', `kind is ${describe(kind)}`);
  if (apiVersion !== API_VERSION) return bad('wrong-version', describe(apiVersion));
  if (!isRecord(request)) return bad('no-request', `request is ${describe(request)}`);
  if (!isWord(request['uid'])) return bad('no-uid', describe(request['uid']));
  const fault = faultOf(request);
  if (fault !== undefined) return bad('bad-field', fault);
  return { ok: true, request: request as unknown as AdmissionRequest };
}

/** The uid of a body that may be anything, so that even a failure can be answered with it. */
export function uidOf(body: unknown): string | undefined {
  const request = isRecord(body) ? body['request'] : undefined;
  const uid = isRecord(request) ? request['uid'] : undefined;
  return isWord(uid) ? uid : undefined;
}

function faultOf(request: Readonly<Record<string, unknown>>): string | undefined {
  const { operation, kind, object } = request;
  if (!isWord(operation))
    return `request.operation must be a text such as CREATE, it is ${describe(operation)}`;
  if (!isRecord(kind))
    return `request.kind must be an object with group, version and kind, it is ${describe(kind)}`;
  for (const key of ['group', 'version', 'kind']) {
    if (typeof kind[key] !== 'string')
      return `request.kind.${key} must be a text, it is ${describe(kind[key])}`;
  }
  if (object !== undefined && object !== null && !isRecord(object)) {
    return `request.object must be an object or null, it is ${describe(object)}`;
  }
  for (const [key, type] of Object.entries(OPTIONAL)) {
    const value = request[key];
    if (value !== undefined && value !== null && typeof value !== type) {
      return `request.${key} must be a ${type === 'string' ? 'text' : 'boolean'}, it is ${describe(value)}`;
    }
  }
  return undefined;
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A value as it may stand in an answer: short plain words are quoted, everything else only named by its type. */
function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'string') return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
  if (value === '') return 'empty';
  return /^[A-Za-z0-9./_-]{1,40}$/.test(value) ? `"${value}"` : 'some other text';
}

function bad(code: EdgeErrorCode, detail?: string): CheckedReview {
  return { ok: false, error: edgeError(code, detail) };
}
