import { createServer } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { PATHS, createApp } from '../../src/webhook/app.ts';
import { edgeError } from '../../src/webhook/errors.ts';
import type { EdgeError } from '../../src/webhook/errors.ts';
import { createHandler } from '../../src/webhook/handler.ts';
import type { NamespaceLookup } from '../../src/webhook/handler.ts';
import { LIMITS } from '../../src/webhook/limits.ts';
import type { AdmissionReviewResponse } from '../../src/webhook/response.ts';
import { checkReview } from '../../src/webhook/review.ts';
import type { AdmissionRequest } from '../../src/webhook/review.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { PREFIX } from './keys.ts';
import { VALIDATING } from './reviews.ts';
import type { Case } from './reviews.ts';

/** What came of one request. */
export type Verdict =
  | { readonly kind: 'refused'; readonly error: EdgeError }
  | {
      readonly kind: 'answered';
      readonly request: AdmissionRequest;
      readonly answer: AdmissionReviewResponse;
      /** As it goes over the wire. */
      readonly text: string;
    };

/** Any moment, the same in every run. */
const NOW = Date.UTC(2026, 10, 21);

/** What a watch knows of namespaces; of any other it knows nothing. */
const NAMESPACES: ReadonlyMap<string, ReturnType<NamespaceLookup>> = new Map([
  ['default', {}],
  ['team-a', { labels: { [`${PREFIX}/inject`]: 'enabled', [`${PREFIX}/mode`]: 'audit' } }],
  [
    'team-b',
    {
      labels: { [`${PREFIX}/mode`]: 'enforce', team: 'b' },
      annotations: { [`${PREFIX}/default-profile`]: 'statsd', [`${PREFIX}/monitor-labels`]: 'a=b' },
    },
  ],
]);

/** What is fuzzed: the real app around the real handler, engine, metrics and log; only the socket is missing. */
export interface Subject {
  /** A reading of the body that nobody else has in hands; undefined members where there are none. */
  read(given: Case): Partial<AdmissionRequest>;
  /** The steps of the route without HTTP: parse, check the envelope, admit, write. */
  judge(given: Case): Verdict;
  /** The same through HTTP as fastify sees it. */
  post(given: Case): Promise<{ readonly status: number; readonly text: string }>;
  /** What failed open since the last call: stage, error and where it was thrown. */
  failedOpen(): readonly string[];
}

export function createSubject(): Subject {
  let configuration = 0;
  let failed: string[] = [];
  const write = (line: string): void => {
    // Everything is written, so that logging is fuzzed too; only what failed is kept.
    if (line.includes('"msg":"failed open"')) failed.push(failureOf(line));
  };
  const log = createLog({ level: 'trace', destination: { write } });
  const metrics = createMetrics({ version: 'fuzz' });
  const handler = createHandler({
    config: () => CONFIGURATIONS[configuration]!,
    metrics: {
      ...metrics,
      failedOpen: (stage) => {
        metrics.failedOpen(stage);
        failed.push(stage);
      },
    },
    log,
    clock: () => performance.now(),
    namespaces: (name) => NAMESPACES.get(name),
    now: () => NOW,
  });
  const app = createApp({
    server: (listener) => createServer(listener),
    handler,
    limits: LIMITS,
    log,
    metrics,
    phase: () => 'serving',
    lag: () => 0,
    onClientError: () => undefined,
  });
  const parse = app.getDefaultJsonParser('remove', 'remove');

  function parsed(text: string): { readonly ok: boolean; readonly value?: unknown } {
    let result: { readonly ok: boolean; readonly value?: unknown } = { ok: false };
    // Calls back before it returns; the request is not read.
    void parse(undefined as unknown as FastifyRequest, text, (error, value: unknown) => {
      if (error === null) result = { ok: true, value };
    });
    return result;
  }

  return {
    read(given) {
      const body = parsed(given.body.toString()).value as { request: AdmissionRequest } | undefined;
      return body?.request ?? {};
    },
    judge(given) {
      configuration = given.configuration;
      const text = given.body.toString();
      if (text === '') return { kind: 'refused', error: edgeError('empty-body') };
      const { ok, value } = parsed(text);
      if (!ok) return { kind: 'refused', error: edgeError('malformed-json') };
      const checked = checkReview(value);
      if (!checked.ok) return { kind: 'refused', error: checked.error };
      const answer =
        given.path === VALIDATING
          ? handler.validate(checked.request)
          : handler.admit(checked.request, PATHS[given.path]!);
      return { kind: 'answered', request: checked.request, answer, text: JSON.stringify(answer) };
    },
    async post(given) {
      configuration = given.configuration;
      const reply = await app.inject({
        method: 'POST',
        url: `${given.path}?timeout=3s`,
        headers: { 'content-type': 'application/json' },
        payload: given.body,
      });
      return { status: reply.statusCode, text: reply.payload };
    },
    failedOpen() {
      const told = failed;
      failed = [];
      return told;
    },
  };
}

function failureOf(line: string): string {
  const { error, stack } = JSON.parse(line) as { readonly error: string; readonly stack: readonly string[] };
  return `${error} ${stack.slice(0, 3).join(' ')}`;
}
