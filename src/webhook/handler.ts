import { skipped } from '../core/decision.ts';
import type { Decision, Injection, Reason } from '../core/decision.ts';
import { writtenPrefixes } from '../core/dialects.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { inject } from '../core/inject.ts';
import type { Pod } from '../core/kubernetes.ts';
import { SelfCheckError, makePatch } from '../core/patch.ts';
import { problemText } from '../core/problem.ts';
import type { Surroundings } from '../core/surroundings.ts';
import { judge } from '../core/validate.ts';
import { admitWorkload } from '../core/workloads/admit.ts';
import { makeWorkloadPatch } from '../core/workloads/patch.ts';
import type { Log } from '../telemetry/log.ts';
import type { FailOpenStage, Metrics } from '../telemetry/metrics.ts';
import { decisionFields, requestFields } from './decision-log.ts';
import { describeFailure } from './failure.ts';
import { allowed, allowedWithPatch, allowedWithWarnings, auditOf, denied, encodePatch } from './response.ts';
import type { AdmissionReviewResponse } from './response.ts';
import type { AdmissionRequest } from './review.ts';
import type { Subject } from './subject.ts';
import { subjectOf } from './subject.ts';

/** Which entry of the webhook configuration sent the request: the path tells. */
export type Trigger = Surroundings['trigger'];

/** The pure steps of an admission, replaceable so that a test can make each of them fail. */
export interface Stages {
  readonly inject: (pod: Pod, surroundings: Surroundings, config: EngineConfig) => Injection;
  readonly admitWorkload: typeof admitWorkload;
  readonly makePatch: (
    before: Pod,
    after: Pod,
    prefix: string,
    dialects: readonly string[],
  ) => readonly unknown[];
  readonly makeWorkloadPatch: typeof makeWorkloadPatch;
  readonly encodePatch: typeof encodePatch;
  readonly judge: typeof judge;
}

/** A namespace as last known; undefined where it is not known, or nobody watches. */
export type NamespaceLookup = (
  name: string,
) => Pick<Surroundings, 'labels' | 'annotations' | 'limits'> | undefined;

export interface HandlerOptions {
  /** The configuration in force at the moment of the call. */
  readonly config: () => EngineConfig;
  readonly namespaces?: NamespaceLookup;
  readonly metrics: Pick<
    Metrics,
    'decision' | 'duration' | 'patchSent' | 'problems' | 'failedOpen' | 'violations' | 'validated'
  >;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Milliseconds from any fixed point, never running backwards. */
  readonly clock: () => number;
  /** Milliseconds since 1970, for exemptions that end; the system's clock when left out. */
  readonly now?: () => number;
  readonly stages?: Partial<Stages>;
}

export interface Handler {
  /** The answer to a checked request. Never throws: whatever fails, the object goes on unchanged. */
  admit(request: AdmissionRequest, trigger: Trigger): AdmissionReviewResponse;
  /** The answer of the validating webhook: allowed, or denied with what the policy wants. Never throws. */
  validate(request: AdmissionRequest): AdmissionReviewResponse;
  /** The answer to a request that failed outside `admit`: the object goes on unchanged. Never throws. */
  failOpen(uid: string, stage: FailOpenStage, thrown: unknown): AdmissionReviewResponse;
}

export const FAILED_OPEN_WARNING = 'podscrape failed and let this object through unchanged; see its log';

/** A decision, and the patch that carries it out. */
interface Admitted {
  readonly decision: Decision;
  readonly patch: () => readonly unknown[];
}

/**
 * Ties the engine to the wire. `failurePolicy: Ignore` would cover an outage but not a bad answer, and under `Fail`
 * nothing is covered, so that podscrape itself answers "allowed" to every failure of its own.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { config, metrics, log, clock } = options;
  const stages: Stages = {
    inject,
    admitWorkload,
    makePatch,
    makeWorkloadPatch,
    encodePatch,
    judge,
    ...options.stages,
  };

  function surroundingsOf({ namespace = '' }: AdmissionRequest, trigger: Trigger): Surroundings {
    const now = (options.now ?? Date.now)();
    return { namespace, trigger, now, ...options.namespaces?.(namespace) };
  }

  function decide(subject: Subject | undefined, surroundings: Surroundings, current: EngineConfig): Admitted {
    const nothing = (): readonly unknown[] => [];
    if (subject === undefined) return { decision: skipped('unsupported'), patch: nothing };
    if (subject.object === undefined) return { decision: skipped('malformed'), patch: nothing };
    const prefix = current.annotationPrefix;
    const prefixes = writtenPrefixes(current);
    if (subject.type === 'pod') {
      // Whether the object has the shape of a Pod is for the engine to say.
      const before = subject.object as Pod;
      const { decision, pod } = stages.inject(before, surroundings, current);
      return { decision, patch: () => stages.makePatch(before, pod, prefix, prefixes) };
    }
    const { decision, object } = stages.admitWorkload(subject, surroundings, current);
    return { decision, patch: () => stages.makeWorkloadPatch(subject, object, current) };
  }

  function admit(request: AdmissionRequest, trigger: Trigger): AdmissionReviewResponse {
    // Where an exception came from: set before each step, read by the one catch.
    let stage: FailOpenStage = 'config';
    try {
      const start = clock();
      const current = config();
      stage = 'inject';
      const admitted = decide(subjectOf(request, current), surroundingsOf(request, trigger), current);
      const { decision } = admitted;
      stage = 'patch';
      const patch = admitted.patch();
      stage = 'encode';
      const encoded = patch.length === 0 ? undefined : stages.encodePatch(patch);
      const response = answer(request.uid, decision, encoded?.base64);
      const durationMs = clock() - start;
      stage = 'log';
      const effort = { patchOps: patch.length, patchBytes: encoded?.bytes ?? 0, durationMs };
      log.info(decisionFields(request, decision, effort), 'decision');
      stage = 'metrics';
      metrics.problems(decision.problems.map(({ code }) => code));
      metrics.violations(decision.violations, decision.policy?.mode ?? 'inject');
      if (encoded !== undefined) metrics.patchSent(encoded.bytes);
      metrics.duration(durationMs / 1000);
      // Last, so that a request that fails on the way here is counted once, as failed.
      metrics.decision(decision.outcome, decision.reason, request.namespace);
      return response;
    } catch (thrown) {
      return failOpen(request.uid, thrown instanceof SelfCheckError ? 'self-check' : stage, thrown, request);
    }
  }

  function validate(request: AdmissionRequest): AdmissionReviewResponse {
    try {
      const current = config();
      const subject = subjectOf(request, current);
      const surroundings = surroundingsOf(request, 'unknown');
      const judgement = subject === undefined ? undefined : stages.judge(subject, surroundings, current);
      if (judgement === undefined) {
        // A namespace that the watch has not seen yet: nobody can say whether a policy is about it.
        const unknown = current.policies.length > 0 && surroundings.labels === undefined;
        metrics.validated(unknown ? 'unknown' : 'allowed');
        return allowed(request.uid, unknown ? { verdict: 'unknown' } : {});
      }
      const { decision, denial } = judgement;
      const verdict = denial === undefined ? 'allowed' : 'denied';
      log.info({ ...decisionFields(request, decision), verdict }, 'validation');
      metrics.validated(verdict);
      const audit = { ...auditOf(decision), verdict };
      return denial === undefined ? allowed(request.uid, audit) : denied(request.uid, denial, [], audit);
    } catch (thrown) {
      return failOpen(request.uid, 'validate', thrown, request);
    }
  }

  function failOpen(uid: string, stage: FailOpenStage, thrown: unknown, request?: AdmissionRequest) {
    const reason: Reason = stage === 'self-check' ? 'self-check' : 'error';
    // Telling about the failure may fail too (that may be what failed); the answer stands all the same.
    attempt(() => metrics.failedOpen(stage));
    attempt(() => metrics.decision('skipped', reason, request?.namespace));
    attempt(() => {
      const about = request === undefined ? { uid } : requestFields(request);
      log.error({ ...about, reason, stage, ...describeFailure(thrown) }, 'failed open');
    });
    return allowedWithWarnings(uid, [FAILED_OPEN_WARNING], { outcome: 'skipped', reason });
  }

  return { admit, validate, failOpen: (uid, stage, thrown) => failOpen(uid, stage, thrown) };
}

/** Where the policy only watches, nobody is told. */
function answer(uid: string, decision: Decision, patch: string | undefined): AdmissionReviewResponse {
  const audit = auditOf(decision);
  const warnings = decision.policy?.mode === 'audit' ? [] : decision.problems.map(problemText);
  if (patch !== undefined) return allowedWithPatch(uid, patch, warnings, audit);
  return warnings.length === 0 ? allowed(uid, audit) : allowedWithWarnings(uid, warnings, audit);
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Nothing is left to tell it to.
  }
}
