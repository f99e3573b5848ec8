import { skipped } from '../core/decision.ts';
import type { Decision, Injection, Reason } from '../core/decision.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { inject } from '../core/inject.ts';
import type { Pod } from '../core/kubernetes.ts';
import { SelfCheckError, makePatch } from '../core/patch.ts';
import { problemText } from '../core/problem.ts';
import type { Surroundings } from '../core/surroundings.ts';
import type { Log } from '../telemetry/log.ts';
import type { FailOpenStage, Metrics } from '../telemetry/metrics.ts';
import { decisionFields, requestFields } from './decision-log.ts';
import { describeFailure } from './failure.ts';
import { allowed, allowedWithPatch, allowedWithWarnings, auditOf, encodePatch } from './response.ts';
import type { AdmissionReviewResponse } from './response.ts';
import type { AdmissionRequest } from './review.ts';

/** Which entry of the webhook configuration sent the request: the path tells. */
export type Trigger = Surroundings['trigger'];

/** The pure steps of an admission, replaceable so that a test can make each of them fail. */
export interface Stages {
  readonly inject: (pod: Pod, surroundings: Surroundings, config: EngineConfig) => Injection;
  readonly makePatch: (before: Pod, after: Pod, prefix: string) => readonly unknown[];
  readonly encodePatch: typeof encodePatch;
}

export interface HandlerOptions {
  /** The configuration in force at the moment of the call. */
  readonly config: () => EngineConfig;
  readonly metrics: Pick<Metrics, 'decision' | 'duration' | 'patchSent' | 'problems' | 'failedOpen'>;
  readonly log: Pick<Log, 'info' | 'error'>;
  /** Milliseconds from any fixed point, never running backwards. */
  readonly clock: () => number;
  readonly stages?: Partial<Stages>;
}

export interface Handler {
  /** The answer to a checked request. Never throws: whatever fails, the object goes on unchanged. */
  admit(request: AdmissionRequest, trigger: Trigger): AdmissionReviewResponse;
  /** The answer to a request that failed outside `admit`: the object goes on unchanged. Never throws. */
  failOpen(uid: string, stage: FailOpenStage, thrown: unknown): AdmissionReviewResponse;
}

export const FAILED_OPEN_WARNING = 'podscrape failed and let this object through unchanged; see its log';

/**
 * Ties the engine to the wire. `failurePolicy: Ignore` would cover an outage but not a bad answer, and under `Fail`
 * nothing is covered, so that podscrape itself answers "allowed" to every failure of its own.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { config, metrics, log, clock } = options;
  const stages: Stages = { inject, makePatch, encodePatch, ...options.stages };

  function admit(request: AdmissionRequest, trigger: Trigger): AdmissionReviewResponse {
    // Where an exception came from: set before each step, read by the one catch.
    let stage: FailOpenStage = 'config';
    try {
      const start = clock();
      const current = config();
      stage = 'inject';
      const isOurs = isPodCreation(request);
      const pod = isOurs ? podOf(request) : undefined;
      const injection =
        pod === undefined
          ? undefined
          : stages.inject(pod, { namespace: request.namespace ?? '', trigger }, current);
      const decision = injection?.decision ?? skipped(isOurs ? 'malformed' : 'unsupported');
      stage = 'patch';
      const patch =
        pod === undefined || injection === undefined
          ? []
          : stages.makePatch(pod, injection.pod, current.annotationPrefix);
      stage = 'encode';
      const encoded = patch.length === 0 ? undefined : stages.encodePatch(patch);
      const response = answer(request.uid, decision, encoded?.base64);
      const durationMs = clock() - start;
      stage = 'log';
      log.info(
        decisionFields(request, decision, {
          patchOps: patch.length,
          patchBytes: encoded?.bytes ?? 0,
          durationMs,
        }),
        'decision',
      );
      stage = 'metrics';
      metrics.problems(decision.problems.map(({ code }) => code));
      if (encoded !== undefined) metrics.patchSent(encoded.bytes);
      metrics.duration(durationMs / 1000);
      // Last, so that a request that fails on the way here is counted once, as failed.
      metrics.decision(decision.outcome, decision.reason);
      return response;
    } catch (thrown) {
      return failOpen(request.uid, thrown instanceof SelfCheckError ? 'self-check' : stage, thrown, request);
    }
  }

  function failOpen(uid: string, stage: FailOpenStage, thrown: unknown, request?: AdmissionRequest) {
    const reason: Reason = stage === 'self-check' ? 'self-check' : 'error';
    // Telling about the failure may fail too (that may be what failed); the answer stands all the same.
    attempt(() => metrics.failedOpen(stage));
    attempt(() => metrics.decision('skipped', reason));
    attempt(() => {
      const about = request === undefined ? { uid } : requestFields(request);
      log.error({ ...about, reason, stage, ...describeFailure(thrown) }, 'failed open');
    });
    return allowedWithWarnings(uid, [FAILED_OPEN_WARNING], { outcome: 'skipped', reason });
  }

  return { admit, failOpen: (uid, stage, thrown) => failOpen(uid, stage, thrown) };
}

function isPodCreation({ kind, operation, subResource, requestSubResource }: AdmissionRequest): boolean {
  const isPod = kind.group === '' && kind.version === 'v1' && kind.kind === 'Pod';
  return isPod && operation === 'CREATE' && !isSet(subResource) && !isSet(requestSubResource);
}

/** The object as it came. Whether it has the shape of a Pod is for the engine to say. */
function podOf({ object }: AdmissionRequest): Pod | undefined {
  return object === null || object === undefined ? undefined : (object as Pod);
}

/** Both are missing, empty or null where there is no subresource, depending on the version of the apiserver. */
function isSet(subResource: string | null | undefined): boolean {
  return subResource !== undefined && subResource !== null && subResource !== '';
}

function answer(uid: string, decision: Decision, patch: string | undefined): AdmissionReviewResponse {
  const audit = auditOf(decision);
  const warnings = decision.problems.map(problemText);
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
