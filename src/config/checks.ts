import { exporterEntries, profileEntries } from './catalogue.ts';
import { exporterBounds } from './check-bounds.ts';
import { certificates } from './check-certificates.ts';
import { exporters, imageRegistry } from './check-exporters.ts';
import { policies } from './check-policies.ts';
import { annotationPrefix, dialects } from './check-prefixes.ts';
import { profileName, profiles } from './check-profiles.ts';
import { workloadKinds } from './check-workloads.ts';
import { isRecord } from './data.ts';
import type { Finding } from './finding.ts';

/**
 * What a schema cannot say. Takes data that the schema may have refused, so that all problems come at once: what has
 * another type than it should is passed over here, the schema has said so.
 */
export function check(data: unknown): Finding[] {
  if (!isRecord(data)) return [];
  const allProfiles = profileEntries(data['profiles']);
  const allExporters = exporterEntries(data['exporters']);
  const profileNames = allProfiles.map(({ name }) => name);
  return [
    ...annotationPrefix(data['annotationPrefix']),
    ...workloadKinds(data['workloadKinds']),
    ...policies(data['policies'], profileNames),
    ...profileName(data['defaultProfile'], ['defaultProfile'], profileNames),
    ...profiles(allProfiles, allExporters),
    ...dialects(data),
    ...imageRegistry(data['imageRegistry']),
    ...exporters(allExporters),
    ...exporterBounds(data['exporterBounds']),
    ...certificates(data['certificates']),
  ];
}
