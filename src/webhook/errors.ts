/**
 * Every way in which the edge refuses a request before there is a verdict. A new one is one row; codes are never
 * reused. `{detail}` in a message is filled in by `edgeError`.
 */
export const EDGE_ERRORS = {
  'empty-body': {
    status: 400,
    message: 'the request has no body; POST an AdmissionReview (admission.k8s.io/v1) as JSON',
  },
  'malformed-json': {
    status: 400,
    message: 'the body is not JSON; POST an AdmissionReview (admission.k8s.io/v1)',
  },
  'not-a-review': { status: 400, message: 'the body is not an AdmissionReview: {detail}' },
  'wrong-version': {
    status: 400,
    message:
      'apiVersion is {detail}, podscrape speaks admission.k8s.io/v1 only; set `admissionReviewVersions: [v1]` in the webhook configuration',
  },
  'no-request': {
    status: 400,
    message: 'the AdmissionReview carries no request: {detail}',
  },
  'no-uid': {
    status: 400,
    message: 'request.uid is {detail}; it must be a text that is not empty, because the answer repeats it',
  },
  'bad-field': { status: 400, message: 'the AdmissionReview is malformed: {detail}' },
  'body-incomplete': { status: 400, message: 'the body ended before the length that was announced' },
  'bad-http': { status: 400, message: 'this is not a valid HTTP/1.1 request' },
  'no-such-path': { status: 404, message: 'no such path; podscrape answers POST on {detail}' },
  'method-not-allowed': { status: 405, message: 'this path takes POST only' },
  'request-timeout': { status: 408, message: 'the request did not arrive in time' },
  'body-too-large': {
    status: 413,
    message: 'the body is larger than {detail} bytes; server.bodyLimitBytes in the configuration raises it',
  },
  'too-many-values': {
    status: 413,
    message: 'the body holds more than {detail} values; an object that large has no place in etcd',
  },
  'unsupported-media-type': {
    status: 415,
    message: 'the Content-Type must be application/json',
  },
  'headers-too-large': { status: 431, message: 'the request headers are too large' },
  internal: { status: 500, message: 'podscrape failed; its log says why' },
  overloaded: { status: 503, message: 'podscrape is busy; try again in a second' },
  'too-many-bodies': {
    status: 503,
    message: 'podscrape holds as many bytes of bodies as it may; try again in a second',
  },
  draining: { status: 503, message: 'podscrape is shutting down; try again, another replica answers' },
} as const satisfies Record<string, { status: number; message: string }>;

export type EdgeErrorCode = keyof typeof EDGE_ERRORS;

/** The body of a refusal, and what goes around it. */
export interface EdgeError {
  readonly code: EdgeErrorCode;
  /** The HTTP status. */
  readonly status: number;
  readonly message: string;
}

/** The row of `code`, with `detail` put into its message. */
export function edgeError(code: EdgeErrorCode, detail = ''): EdgeError {
  const { status, message } = EDGE_ERRORS[code];
  return { code, status, message: message.replace('{detail}', () => detail) };
}

/** What goes over the wire. */
export function errorBody(error: EdgeError): string {
  return JSON.stringify({ error: error.code, message: error.message });
}
