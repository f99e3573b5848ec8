import type { RelabelConfig } from '../scrape-config.ts';
import { annotation, annotationPresent } from '../meta-labels.ts';
import type { JobOptions } from './options.ts';

/**
 * Matches no `P/status`, and that of a Pod for which podscrape has done nothing. The record is JSON whose order and white
 * space say nothing; its problems stand on lines of their own, hence `(?s)`, which Prometheus adds since version 3 only;
 * in their texts quotes are escaped, so that none looks like the key.
 */
const UNMARKED = String.raw`(?s);|true;.*"outcome"\s*:\s*"(?:refused|skipped)".*`;

/**
 * Which Pods are marked: what podscrape has injected, or says anything else in its status. A Pod that was refused or
 * skipped is scraped by its owner's annotations, as if podscrape were not there. One rule for both kinds of job, kept by
 * the one and dropped by the other, so that no Pod is found by both or by neither.
 */
export function markRule(
  { annotationPrefix }: Pick<JobOptions, 'annotationPrefix'>,
  who: 'marked' | 'unmarked',
): RelabelConfig {
  const key = `${annotationPrefix}/status`;
  return {
    source_labels: [annotationPresent(key), annotation(key)],
    regex: UNMARKED,
    action: who === 'marked' ? 'drop' : 'keep',
  };
}
