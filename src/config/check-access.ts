import { isRecord } from './data.ts';
import type { Data } from './data.ts';
import type { Finding } from './finding.ts';
import { either, wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

const PROOFS = ['basicAuth', 'authorization', 'oauth2'];

/** What Prometheus and its operator would refuse of a profile's access. */
export function access(profile: Data, path: Path): Finding[] {
  const { tlsConfig, authorization, oauth2 } = profile;
  const proofs = PROOFS.filter((key) => isRecord(profile[key]));
  const several = proofs.slice(1).map((key): Finding => {
    return {
      path: [...path, key],
      of: 'key',
      message: `stands beside ${proofs[0] ?? ''}; Prometheus takes one of ${either(PROOFS)}`,
    };
  });
  return [
    ...several,
    ...(isRecord(tlsConfig) ? tls(tlsConfig, [...path, 'tlsConfig']) : []),
    ...(isRecord(authorization) ? scheme(authorization, [...path, 'authorization', 'type']) : []),
    ...(isRecord(oauth2) ? oneSource(oauth2['clientId'], [...path, 'oauth2', 'clientId']) : []),
  ];
}

function tls(config: Data, path: Path): Finding[] {
  const pair = ['cert', 'keySecret'].filter((key) => config[key] !== undefined);
  const half =
    pair.length === 1 ? [wrongValue(path, 'has one of cert and keySecret; a client needs both')] : [];
  return [
    ...half,
    ...oneSource(config['ca'], [...path, 'ca']),
    ...oneSource(config['cert'], [...path, 'cert']),
  ];
}

function scheme({ type }: Data, path: Path): Finding[] {
  if (typeof type !== 'string' || type.toLowerCase() !== 'basic') return [];
  return [wrongValue(path, 'Basic takes a user name and a password', 'use basicAuth')];
}

function oneSource(value: unknown, path: Path): Finding[] {
  if (!isRecord(value)) return [];
  const given = ['secret', 'configMap'].filter((key) => value[key] !== undefined);
  return given.length === 1 ? [] : [wrongValue(path, 'needs one of secret and configMap')];
}
