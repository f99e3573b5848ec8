import { writtenPrefixes } from '../../core/dialects.ts';
import type { EngineConfig } from '../../core/engine-config.ts';
import type { Profile } from '../../core/profile.ts';
import { COMMUNITY_PREFIX } from '../../core/community.ts';
import { INTERVAL, TIMEOUT } from '../../core/scrape-times.ts';
import type { GlobalConfig } from '../scrape-config.ts';
import type { JobOptions, ProfileTimes, Variant } from './options.ts';

/** Of a whole configuration with our jobs: what says `inherit`, and unmarked Pods, follow these times. */
export const PRINTED_GLOBAL: GlobalConfig = { scrape_interval: '30s', scrape_timeout: '10s' };

/** The jobs' options that podscrape's configuration tells, and the defaults of all others. */
export function defaultJobOptions(
  config: Pick<EngineConfig, 'annotationPrefix' | 'dialects' | 'profiles' | 'exporters'>,
): JobOptions {
  return {
    annotationPrefix: config.annotationPrefix,
    dialect: writtenPrefixes(config)[0] ?? COMMUNITY_PREFIX,
    role: 'pod',
    namespaces: [],
    labels: { namespace: 'namespace', pod: 'pod', container: 'container' },
    appLabelFromContainer: false,
    variants: variantsOf(config),
    interval: INTERVAL,
    timeout: TIMEOUT,
    times: [...config.profiles.values()].flatMap(timesOf),
    exporters: [...config.exporters.keys()],
  };
}

/** Profiles before exporters, because the first one that fits counts. */
function variantsOf({
  profiles,
  exporters,
}: Pick<EngineConfig, 'profiles' | 'exporters'>): readonly Variant[] {
  const ofProfiles = [...profiles.values()].flatMap((profile): readonly Variant[] => {
    const { name, access } = profile;
    if (access === undefined) return [];
    return placesOf(profile).map((container) => {
      if (container === undefined) return { name, profile: name, access };
      const honorLabels = exporters.get(container)?.honorLabels === true;
      const suffix = profile.target === undefined ? '' : `-${container}`;
      const keeps = honorLabels ? { honorLabels } : {};
      return { name: `${name}${suffix}`, profile: name, container, access, ...keeps };
    });
  });
  const ofExporters = [...exporters.values()].flatMap(({ name, honorLabels }) =>
    honorLabels === true ? [{ name, container: name, honorLabels }] : [],
  );
  return [...ofProfiles, ...ofExporters];
}

function timesOf(profile: Profile): readonly ProfileTimes[] {
  const { name, interval, timeout } = profile;
  if (interval === undefined && timeout === undefined) return [];
  const times = {
    ...(interval === undefined ? {} : { interval }),
    ...(timeout === undefined ? {} : { timeout }),
  };
  return placesOf(profile).map((container) => ({
    profile: name,
    ...(container === undefined ? {} : { container }),
    ...times,
  }));
}

/** Undefined stands for the application, which a profile without an exporter has too. */
function placesOf({ target, exporter }: Profile): readonly (string | undefined)[] {
  const application = target !== undefined || exporter === undefined ? [undefined] : [];
  return [...application, ...(exporter === undefined ? [] : [exporter.exporter])];
}
