/**
 * What the audit log keeps of an answer, by key: the API server writes `WEBHOOK/KEY`, where WEBHOOK is the name of the
 * entry in the webhook configuration. Names of the object's own parts and words of podscrape, never a value that a user
 * wrote. A new one is one row here.
 */
export const AUDIT_ANNOTATIONS = {
  outcome: '`injected`, `skipped` or `refused`',
  reason: 'why, in one word',
  profiles: 'the profiles that hold, with commas',
  targets: 'what is to be scraped, `CONTAINER:PORT` with commas',
  problems: 'the kinds of problems that were found, with commas',
  policy: 'the policy that the namespace is under, `NAME/MODE`',
  violations: 'what is off convention, `CONVENTION:SEVERITY` with commas',
  verdict:
    'of the validating webhook: `allowed`, `denied`, or `unknown` where the namespace is not known yet',
} as const satisfies Readonly<Record<string, string>>;

/** The audit annotations of an answer; empty ones are left out. */
export type Audit = Readonly<Partial<Record<keyof typeof AUDIT_ANNOTATIONS, string>>>;

/** Longer values are cut. */
export const AUDIT_LENGTH = 256;
