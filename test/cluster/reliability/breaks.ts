/** A place in podscrape's sources where an exception can be put. */
export interface Break {
  /** As the metric calls it. */
  readonly stage: string;
  /** Below `src/`. */
  readonly module: string;
  /** The exception comes right after this text, which the module has exactly once. */
  readonly before: string;
  /** What is thrown, as source text; anything can be. */
  readonly error: string;
}

/** One for each stage in which an admission can fail. */
export const BREAKS: readonly Break[] = [
  {
    stage: 'config',
    module: 'webhook/handler.ts',
    before: 'const start = clock();',
    error: "new Error('broken')",
  },
  {
    stage: 'inject',
    module: 'core/inject.ts',
    before: "if (!isPodShaped(pod)) return { decision: skipped('malformed'), pod };",
    error: "new TypeError('broken')",
  },
  {
    stage: 'patch',
    module: 'core/patch.ts',
    before: 'if (before === after) return [];',
    error: "new RangeError('Maximum call stack size exceeded')",
  },
  {
    stage: 'self-check',
    module: 'core/patch.ts',
    before: 'const patch = fastJsonPatch.compare(before, after);',
    error: "new SelfCheckError('broken')",
  },
  {
    stage: 'encode',
    module: 'webhook/response.ts',
    before: "const json = Buffer.from(JSON.stringify(patch), 'utf8');",
    error: "'a text'",
  },
  {
    stage: 'log',
    module: 'webhook/decision-log.ts',
    before:
      'export function decisionFields(request: AdmissionRequest, decision: Decision, effort?: Effort): object {',
    error: 'undefined',
  },
  {
    stage: 'metrics',
    module: 'telemetry/metrics.ts',
    before: 'problems(codes) {',
    error: "new Error('broken')",
  },
  {
    stage: 'serve',
    module: 'webhook/review.ts',
    before: 'export function checkReview(body: unknown): CheckedReview {',
    error: '{ toString() { throw new Error() } }',
  },
  {
    stage: 'validate',
    module: 'core/validate.ts',
    before: 'const { namespace: name, labels, now } = surroundings;',
    error: "new SyntaxError('broken')",
  },
];
