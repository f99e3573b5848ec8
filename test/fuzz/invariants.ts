import fastJsonPatch from 'fast-json-patch';
import type { Operation } from 'fast-json-patch';
import type { Pod } from '../../src/core/kubernetes.ts';
import { LIMITS } from '../../src/webhook/limits.ts';
import type { AdmissionResponse } from '../../src/webhook/response.ts';
import { foreignChange } from '../core/ownership.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { VALIDATING } from './reviews.ts';
import type { Case } from './reviews.ts';
import type { Subject, Verdict } from './subject.ts';

/** What a run is to be checked for beside what every run is. */
export interface Depth {
  /** Admit the patched object again. */
  readonly again: boolean;
  /** Send it through HTTP too. */
  readonly wire: boolean;
}

/** What a run amounted to, and the first thing that is not as it must be. */
export interface Examined {
  readonly fault?: string;
  /** `400 malformed-json`, or outcome and reason. */
  readonly outcome: string;
  readonly patched: boolean;
}

type Answered = Extract<Verdict, { kind: 'answered' }>;

const PROTOTYPE = Object.getOwnPropertyNames(Object.prototype).length;

/** Judges one request and checks everything that must hold of any. Throws nothing. */
export async function examine(subject: Subject, given: Case, depth: Depth): Promise<Examined> {
  try {
    const verdict = subject.judge(given);
    const outcome = outcomeOf(verdict);
    const patched = verdict.kind === 'answered' && verdict.answer.response.patch !== undefined;
    const fault =
      verdictFault(subject, given, verdict, depth.again) ??
      prototypeFault() ??
      (depth.wire ? await wireFault(subject, given, verdict) : undefined);
    return { outcome, patched, ...(fault === undefined ? {} : { fault }) };
  } catch (thrown) {
    const fault = `an exception: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
    return { outcome: 'exception', patched: false, fault };
  }
}

function outcomeOf(verdict: Verdict): string {
  if (verdict.kind === 'refused') return `${verdict.error.status} ${verdict.error.code}`;
  const { allowed, auditAnnotations = {} } = verdict.answer.response;
  const { outcome = 'allowed', reason = '' } = auditAnnotations;
  return allowed ? `${outcome} ${reason}` : 'denied';
}

function verdictFault(subject: Subject, given: Case, verdict: Verdict, again: boolean): string | undefined {
  if (verdict.kind === 'refused') {
    const { status, code } = verdict.error;
    return status >= 400 && status < 500 ? undefined : `refused with ${status} ${code}`;
  }
  const { request, answer } = verdict;
  const { response } = answer;
  const failed = subject.failedOpen();
  if (failed.length > 0) return `failed open: ${failed.join(' ')}`;
  if (response.uid !== request.uid) return `the answer has another uid: ${JSON.stringify(response.uid)}`;
  return (
    denialFault(given, response) ?? warningFault(response) ?? objectFault(subject, given, verdict, again)
  );
}

/** Only the validating path denies, in words that can be shown; and only the others patch. */
function denialFault({ path }: Case, { allowed, status, patch }: AdmissionResponse): string | undefined {
  if (path === VALIDATING && patch !== undefined) return 'a patch of the validating path';
  if (allowed) return undefined;
  if (path !== VALIDATING) return 'not allowed';
  const { code, message = '' } = status ?? {};
  const isPlain =
    message !== '' && message.length <= 1024 && !/\p{Cc}/u.test(message) && message.isWellFormed();
  return code === 403 && isPlain ? undefined : `denied with ${code ?? 'no code'}: ${JSON.stringify(message)}`;
}

function warningFault({ warnings = [] }: AdmissionResponse): string | undefined {
  const bad = warnings.find(
    (text) => text.length > 120 || /\p{Cc}/u.test(text) || !text.isWellFormed() || text.trim() === '',
  );
  if (bad !== undefined) return `a warning that clients do not show as it is: ${JSON.stringify(bad)}`;
  const total = warnings.reduce((sum, text) => sum + text.length, 0);
  return total > 3000 ? `warnings of ${total} characters` : undefined;
}

/** The object as given is untouched, the patch applies to it, and what comes out needs none. */
function objectFault(subject: Subject, given: Case, verdict: Answered, again: boolean): string | undefined {
  const { response } = verdict.answer;
  const untouched = subject.read(given);
  if (!sameText(untouched.object, verdict.request.object)) return 'the object was written to';
  if (!sameText(untouched.oldObject, verdict.request.oldObject)) return 'the old object was written to';
  if (response.patch === undefined) return undefined;
  const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString('utf8')) as Operation[];
  if (patch.length === 0) return 'a patch without an operation';
  let object: unknown;
  try {
    object = fastJsonPatch.applyPatch(untouched.object, patch, true, true).newDocument;
  } catch (error) {
    return `the patch does not apply: ${error instanceof Error ? error.message.slice(0, 300) : 'unknown'}`;
  }
  const foreign = foreignFault(given, verdict.request, object);
  if (foreign !== undefined) return foreign;
  return again ? secondPassFault(subject, given, { ...verdict.request, object }) : undefined;
}

/** Of a Pod, that nothing has changed which is not podscrape's to change. */
function foreignFault(
  { configuration }: Case,
  { kind, object: before }: Answered['request'],
  after: unknown,
): string | undefined {
  const config = CONFIGURATIONS[configuration];
  if (kind.kind !== 'Pod' || kind.group !== '' || config === undefined) return undefined;
  try {
    return foreignChange(before as Pod, after as Pod, config);
  } catch (error) {
    // Too deep to be compared; the apiserver's own parser stops at 10,000 levels.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function secondPassFault(subject: Subject, given: Case, request: object): string | undefined {
  const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
  let body: string;
  try {
    body = JSON.stringify(review);
  } catch (error) {
    // Too deep to be written; the apiserver's own parser stops at 10,000 levels.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const second = subject.judge({ ...given, body });
  const failed = subject.failedOpen();
  if (failed.length > 0) return `the second pass failed open: ${failed.join(' ')}`;
  if (second.kind === 'refused') return `the second pass was refused: ${second.error.code}`;
  const { patch } = second.answer.response;
  if (patch === undefined) return undefined;
  return `the second pass has a patch: ${Buffer.from(patch, 'base64').toString('utf8').slice(0, 600)}`;
}

/** Whether both are the same JSON; what is too deep to be written passes. */
function sameText(a: unknown, b: unknown): boolean {
  try {
    return JSON.stringify(a) === JSON.stringify(b);
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}

function prototypeFault(): string | undefined {
  for (const key in {}) return `every object has a member ${JSON.stringify(key)} now`;
  return Object.getOwnPropertyNames(Object.prototype).length === PROTOTYPE
    ? undefined
    : 'Object.prototype has changed';
}

async function wireFault(subject: Subject, given: Case, verdict: Verdict): Promise<string | undefined> {
  const { status, text } = await subject.post(given);
  const failed = subject.failedOpen();
  if (failed.length > 0) return `over HTTP it failed open: ${failed.join(' ')}`;
  // Values are counted at the edge, before anything is parsed.
  const isTooLarge = status === 413 && given.body.length > LIMITS.bodyValues;
  const expected = isTooLarge ? 413 : verdict.kind === 'refused' ? verdict.error.status : 200;
  if (status !== expected) return `over HTTP the status is ${status}, not ${expected}: ${text.slice(0, 300)}`;
  const isSame = isTooLarge || verdict.kind === 'refused' || text === verdict.text;
  return isSame ? undefined : 'over HTTP the answer is another';
}
