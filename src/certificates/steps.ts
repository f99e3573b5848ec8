import { X509Certificate } from 'node:crypto';

import { bundleEntries, bundleText, mergeBundles } from './bundle.ts';
import { readContents, SECRET_KEYS } from './held.ts';
import type { Contents } from './held.ts';
import type { AlternativeName } from './names.ts';
import { superfluous } from './plan.ts';
import type { Action, Held, Wish } from './plan.ts';
import { makeAuthority, makeLeaf } from './self-signed.ts';

/** What certificates are made for, and when. */
export interface Making {
  readonly names: readonly AlternativeName[];
  readonly wish: Wish;
  readonly now: Date;
}

/**
 * The contents of the Secret after a step of the plan; all of a step is one write. Keys that are not podscrape's stay.
 */
export async function perform(action: Action, contents: Contents, making: Making): Promise<Contents> {
  const { held } = readContents(contents, making.names);
  switch (action) {
    case 'none':
      return contents;
    case 'create':
      return create(contents, held, making);
    case 'sign':
      return sign(contents, held, contents[SECRET_KEYS.authorityKey], held.signing, making);
    case 'introduce':
      return introduce(contents, making);
    case 'switch': {
      const key = contents[SECRET_KEYS.nextKey];
      const rest = without(contents, SECRET_KEYS.nextKey);
      return sign({ ...rest, [SECRET_KEYS.authorityKey]: key ?? '' }, held, key, held.next, making);
    }
    case 'tidy':
      return tidy(contents, held, making.now);
  }
}

/** The earlier CAs stay in the bundle: there may be replicas that still serve with a leaf of theirs. */
async function create(contents: Contents, held: Held, making: Making): Promise<Contents> {
  const { wish, now } = making;
  const made = await makeAuthority({ now, life: wish.authorityLife });
  const rest = without(contents, SECRET_KEYS.nextKey, SECRET_KEYS.rotate);
  const bundle = mergeBundles([made.cert, contents[SECRET_KEYS.bundle] ?? ''], now);
  const next = { ...rest, [SECRET_KEYS.bundle]: bundle, [SECRET_KEYS.authorityKey]: made.key };
  return sign(next, held, made.key, new X509Certificate(made.cert).fingerprint256, making);
}

/** It signs nothing yet, so that its key lies beside that of the CA that does. */
async function introduce(contents: Contents, { wish, now }: Making): Promise<Contents> {
  const made = await makeAuthority({ now, life: wish.authorityLife });
  const rest = without(contents, SECRET_KEYS.rotate);
  const bundle = mergeBundles([made.cert, contents[SECRET_KEYS.bundle] ?? ''], now);
  return { ...rest, [SECRET_KEYS.bundle]: bundle, [SECRET_KEYS.nextKey]: made.key };
}

async function sign(
  contents: Contents,
  held: Held,
  key: string | undefined,
  id: string | undefined,
  { names, wish, now }: Making,
): Promise<Contents> {
  const authority = bundleEntries(contents[SECRET_KEYS.bundle] ?? '').find((entry) => entry.id === id);
  if (authority === undefined || key === undefined) throw new Error('a step without the authority it needs');
  const leaf = await makeLeaf(
    names,
    { cert: authority.certificate.toString(), key },
    { now, life: wish.life },
  );
  const until = new X509Certificate(leaf.cert).validToDate.getTime();
  const ends = lengthened(
    lengthened(held.ends, authority.id, until),
    held.leaf?.authority,
    held.leaf?.until ?? 0,
  );
  return {
    ...contents,
    [SECRET_KEYS.cert]: leaf.cert,
    [SECRET_KEYS.key]: leaf.key,
    [SECRET_KEYS.ends]: endsText(ends),
  };
}

function tidy(contents: Contents, held: Held, now: Date): Contents {
  const over = superfluous(held, now.getTime());
  const entries = bundleEntries(contents[SECRET_KEYS.bundle] ?? '').filter(({ id }) => !over.includes(id));
  const ends = Object.entries(held.ends).filter(([id]) => entries.some((entry) => entry.id === id));
  return {
    ...contents,
    [SECRET_KEYS.bundle]: bundleText(entries),
    [SECRET_KEYS.ends]: endsText(Object.fromEntries(ends)),
  };
}

function without(contents: Contents, ...keys: readonly string[]): Contents {
  return Object.fromEntries(Object.entries(contents).filter(([key]) => !keys.includes(key)));
}

function lengthened(ends: Held['ends'], id: string | undefined, until: number): Held['ends'] {
  return id === undefined ? ends : { ...ends, [id]: Math.max(ends[id] ?? 0, until) };
}

function endsText(ends: Held['ends']): string {
  return JSON.stringify(
    Object.fromEntries(Object.entries(ends).map(([id, end]) => [id, new Date(end).toISOString()])),
  );
}
