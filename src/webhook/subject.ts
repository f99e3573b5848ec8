import type { EngineConfig } from '../core/engine-config.ts';
import type { Judged } from '../core/validate.ts';
import type { AdmissionRequest } from './review.ts';

/** What a request is about, as far as it is podscrape's: the creation of a Pod, or a workload that is written. */
export type Subject = Judged;

/** Undefined for every other kind, operation and subresource, which pass untouched. */
export function subjectOf(request: AdmissionRequest, config: EngineConfig): Subject | undefined {
  const { kind, operation, subResource, requestSubResource, oldObject } = request;
  if (isSet(subResource) || isSet(requestSubResource)) return undefined;
  const object = request.object ?? undefined;
  if (kind.group === '' && kind.version === 'v1' && kind.kind === 'Pod') {
    return operation === 'CREATE' ? { type: 'pod', object } : undefined;
  }
  if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
  const row = config.workloadKinds.find(
    (known) => known.group === kind.group && known.version === kind.version && known.kind === kind.kind,
  );
  return row === undefined ? undefined : { type: 'workload', kind: row, operation, object, oldObject };
}

/** Both are missing, empty or null where there is no subresource, depending on the version of the apiserver. */
function isSet(subResource: string | null | undefined): boolean {
  return subResource !== undefined && subResource !== null && subResource !== '';
}
