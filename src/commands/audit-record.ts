import type { Summary, WorkloadFinding } from '../audit/report.ts';
import type { EngineConfig } from '../core/engine-config.ts';

/** What one audit found. */
export interface AuditResult {
  readonly summary: Summary;
  readonly findings: readonly WorkloadFinding[];
  readonly engine: EngineConfig;
  /** Whose scrape jobs were looked at, for people. */
  readonly jobs: string;
  /** None where all were looked at. */
  readonly namespaces: readonly string[];
  readonly registered: boolean | undefined;
  readonly unknown: readonly string[];
}

/** The shape of `-o json`: members are added, and never change their meaning. */
export function auditRecord({
  engine,
  jobs,
  namespaces,
  registered,
  unknown,
  ...result
}: AuditResult): object {
  return {
    kind: 'PodscrapeAudit',
    version: engine.version,
    config: engine.hash,
    scrapeJobs: jobs,
    namespaces: namespaces.length === 0 ? 'all' : namespaces,
    webhookRegistered: registered ?? 'unknown',
    summary: result.summary,
    findings: result.findings,
    unknown,
  };
}
