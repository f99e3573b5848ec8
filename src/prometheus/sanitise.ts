/**
 * The name of a Kubernetes label or annotation as a part of a Prometheus label's name: every character but ASCII letters,
 * digits and `_` becomes one `_` (prometheus/prometheus `util/strutil`, SanitizeLabelName). `scrape-slow` and
 * `scrape_slow` are the same afterwards.
 */
export function sanitiseLabelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/gu, '_');
}
