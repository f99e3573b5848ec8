import type { Decision } from '../core/decision.ts';
import { clip, WARNING_LENGTH, withoutControlCharacters } from '../core/text.ts';
import { AUDIT_LENGTH } from './audit-annotations.ts';
import type { Audit } from './audit-annotations.ts';

/** The parts of `admission.k8s.io/v1 AdmissionResponse` that podscrape writes. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly patchType?: 'JSONPatch';
  /** Base64 of a JSON Patch. */
  readonly patch?: string;
  readonly warnings?: readonly string[];
  /** Keys without prefix: the apiserver puts the webhook's name before them. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

/** What a webhook answers. */
export interface AdmissionReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: AdmissionResponse;
}

/** The apiserver drops warnings from 4 KiB on; what is left over carries the quoting. */
export const WARNINGS_LENGTH = 3000;
const DENIAL_LENGTH = 1024;

/** The object goes on as it came, and nothing is to be said. */
export function allowed(uid: string, audit: Audit = {}): AdmissionReviewResponse {
  return review({ uid, allowed: true, ...auditPart(audit) });
}

/** The object goes on with `patch` (base64 of a JSON Patch) applied. */
export function allowedWithPatch(
  uid: string,
  patch: string,
  warnings: readonly string[],
  audit: Audit = {},
): AdmissionReviewResponse {
  return review({
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch,
    ...warningPart(warnings),
    ...auditPart(audit),
  });
}

/** The object goes on as it came, with words about it: nothing could be done, or podscrape itself failed. */
export function allowedWithWarnings(
  uid: string,
  warnings: readonly string[],
  audit: Audit = {},
): AdmissionReviewResponse {
  return review({ uid, allowed: true, ...warningPart(warnings), ...auditPart(audit) });
}

/** The object is refused with 403 and `message`. Never the answer of a mutating path. */
export function denied(
  uid: string,
  message: string,
  warnings: readonly string[] = [],
  audit: Audit = {},
): AdmissionReviewResponse {
  const status = { code: 403, reason: 'Forbidden', message: clip(plain(message), DENIAL_LENGTH) };
  return review({ uid, allowed: false, status, ...warningPart(warnings), ...auditPart(audit) });
}

/** A patch as the wire wants it, and its size before base64 in bytes. */
export function encodePatch(patch: readonly unknown[]): { readonly base64: string; readonly bytes: number } {
  const json = Buffer.from(JSON.stringify(patch), 'utf8');
  return { base64: json.toString('base64'), bytes: json.length };
}

/**
 * Warnings as the apiserver passes them on: at most 120 characters each, without control characters (it drops such a
 * warning silently), at most 3,000 in all, the last one saying how many were left out.
 */
export function limitWarnings(texts: readonly string[]): readonly string[] {
  const lines = texts.map((text) => clip(plain(text), WARNING_LENGTH)).filter((line) => line.trim() !== '');
  if (lines.reduce((total, line) => total + line.length, 0) <= WARNINGS_LENGTH) return lines;
  const kept: string[] = [];
  let total = 0;
  for (const line of lines) {
    const left = lines.length - kept.length - 1;
    if (total + line.length + more(left).length > WARNINGS_LENGTH) break;
    kept.push(line);
    total += line.length;
  }
  return [...kept, more(lines.length - kept.length)];
}

/** What the audit log keeps of a decision. */
export function auditOf(decision: Decision): Audit {
  const { outcome, reason, profiles, targets, problems, policy, violations } = decision;
  return {
    outcome,
    reason,
    profiles: profiles.join(','),
    targets: targets.map(({ container, port }) => `${container}:${port}`).join(','),
    problems: unique(problems.map(({ code }) => code)),
    policy: policy === undefined ? '' : `${policy.name}/${policy.mode}`,
    violations: unique(violations.map(({ convention, severity }) => `${convention}:${severity}`)),
  };
}

function unique(words: readonly string[]): string {
  return [...new Set(words)].join(',');
}

const more = (count: number) => `and ${count} more`;

function plain(text: string): string {
  return withoutControlCharacters(text).toWellFormed();
}

function review(response: AdmissionResponse): AdmissionReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}

function warningPart(texts: readonly string[]): { readonly warnings?: readonly string[] } {
  const warnings = limitWarnings(texts);
  return warnings.length === 0 ? {} : { warnings };
}

function auditPart(audit: Audit): Pick<AdmissionResponse, 'auditAnnotations'> {
  const entries = Object.entries(audit).flatMap(([key, value]) =>
    value === '' ? [] : [[key, clip(plain(value), AUDIT_LENGTH)] as const],
  );
  return entries.length === 0 ? {} : { auditAnnotations: Object.fromEntries(entries) };
}
