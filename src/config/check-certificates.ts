import { parseDuration } from '../core/duration.ts';
import { isRecord } from './data.ts';
import { DEFAULTS } from './defaults.ts';
import type { Finding } from './finding.ts';
import { shown, wrongValue } from './finding.ts';

/** In milliseconds: a rotation takes some seconds to be seen everywhere. */
const SHORTEST = 5_000;

/** Lives that there can be: long enough to be renewed in, and an authority's not shorter than its certificates'. */
export function certificates(given: unknown): Finding[] {
  if (!isRecord(given)) return [];
  const wrong = (['life', 'authorityLife'] as const).flatMap((key) => {
    const text = given[key];
    if (typeof text !== 'string' || (parseDuration(text) ?? 0) >= SHORTEST) return [];
    const message = `${shown(text)} is no duration of at least 5s; write it like 90d, 12h or 30m`;
    return [wrongValue(['certificates', key], message)];
  });
  return wrong.length > 0 ? wrong : ordered(given);
}

function ordered(given: Readonly<Record<string, unknown>>): Finding[] {
  const { life = DEFAULTS.certificates.life, authorityLife = DEFAULTS.certificates.authorityLife } = given;
  if (typeof life !== 'string' || typeof authorityLife !== 'string') return [];
  if ((parseDuration(life) ?? 0) <= (parseDuration(authorityLife) ?? 0)) return [];
  const key = 'authorityLife' in given ? 'authorityLife' : 'life';
  const message = `a certificate cannot live longer (${life}) than its authority (${authorityLife})`;
  return [wrongValue(['certificates', key], message)];
}
