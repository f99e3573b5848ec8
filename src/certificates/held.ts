import type { KeyObject, X509Certificate } from 'node:crypto';

import { isRecord } from '../core/record.ts';
import { blocks, bundleEntries, bundleText } from './bundle.ts';
import type { BundleEntry } from './bundle.ts';
import { CertificateError } from './error.ts';
import type { AlternativeName } from './names.ts';
import { certificates, covers, privateKey, tlsRefusal } from './pem.ts';
import type { Authority, Held, Leaf } from './plan.ts';
import { OWN_CA_NAME, SKEW } from './self-signed.ts';

/** The keys of the Secret that are podscrape's; others in it are left alone. */
export const SECRET_KEYS = {
  /** The CAs to trust. */
  bundle: 'ca.crt',
  /** Of the CA that signs. */
  authorityKey: 'ca.key',
  /** Of the CA that signs next. */
  nextKey: 'ca-next.key',
  cert: 'tls.crt',
  key: 'tls.key',
  /** Until when leaves are valid, by the id of their CA, as JSON. */
  ends: 'leaf-ends.json',
  /** Put there by a person, with any value: a new authority is wanted. */
  rotate: 'rotate',
} as const;

/** The texts of a Secret, by key. */
export type Contents = Readonly<Record<string, string>>;

/** What is read out of a Secret. */
export interface Reading {
  readonly held: Held;
  /** PEM: the CAs of the bundle and nothing else, for people put comments into it, and keys by mistake. */
  readonly bundle: string;
  /** What does not belong together or cannot be read, one line each; none in an empty Secret. */
  readonly faults: readonly string[];
}

/** Reads a Secret's contents. Never fails: what is damaged counts as missing, and is a fault. */
export function readContents(contents: Contents, names: readonly AlternativeName[]): Reading {
  const faults: string[] = [];
  const text = (key: string): string => contents[key] ?? '';
  const { bundle, authorityKey, nextKey, cert, key, ends, rotate } = SECRET_KEYS;
  const entries = bundleEntries(text(bundle));
  const empty = [bundle, authorityKey, nextKey, cert, key].every((name) => text(name) === '');
  if (!empty && (entries.length === 0 || entries.length < distinct(text(bundle)))) {
    faults.push(`${bundle} ${entries.length === 0 ? 'has no certificate' : 'has a damaged certificate'}`);
  }
  const owner = (name: string): string | undefined => {
    const found = keyOf(text(name), name);
    if (typeof found === 'string') faults.push(found);
    if (found === undefined || typeof found === 'string') return undefined;
    const entry = entries.find(({ certificate }) => certificate.checkPrivateKey(found));
    const unfit = entry === undefined ? `is the key of no certificate in ${bundle}` : unfitness(found, entry);
    if (unfit !== undefined) faults.push(`${name} ${unfit}`);
    return unfit === undefined ? entry?.id : undefined;
  };
  const signing = owner(authorityKey);
  if (text(authorityKey) === '' && !empty) faults.push(`${authorityKey} is missing`);
  const next = owner(nextKey);
  const leaf = empty ? undefined : readLeaf(text(cert), text(key), entries, names);
  if (typeof leaf === 'string') faults.push(leaf);
  const held: Held = {
    authorities: entries.map(authority),
    ...(signing !== undefined && { signing }),
    ...(next !== undefined && next !== signing && { next }),
    ...(typeof leaf === 'object' && { leaf }),
    ends: readEnds(text(ends)),
    rotate: contents[rotate] !== undefined,
  };
  return { held, bundle: bundleText(entries), faults };
}

/** What selfsigned signs with. */
const CURVES: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Why nothing can be signed by a CA that someone put there; undefined when it can. */
function unfitness(key: KeyObject, { certificate }: BundleEntry): string | undefined {
  if (!certificate.ca) return 'is the key of a certificate that is no CA';
  const type = key.asymmetricKeyType ?? 'unknown';
  if (type === 'ec' && CURVES.includes(key.asymmetricKeyDetails?.namedCurve)) return undefined;
  return `is of a kind (${type}) that podscrape does not sign with; ECDSA on P-256, P-384 or P-521 will do`;
}

/** A repetition is no damage. */
function distinct(pem: string): number {
  const all = pem.split('-----BEGIN CERTIFICATE-----').slice(1);
  // What stands between two of them is no part of either.
  const bodies = all.map((one) => (one.split('-----END', 1)[0] ?? '').replace(/\s/g, ''));
  return Math.min(blocks(pem), new Set(bodies).size);
}

function authority({ id, certificate }: BundleEntry): Authority {
  const own = OWN_CA_NAME.test(certificate.subject);
  const from = certificate.validFromDate.getTime();
  return { id, own, made: own ? from + SKEW : from, from, until: certificate.validToDate.getTime() };
}

/** The leaf, or what is wrong with it. */
function readLeaf(
  cert: string,
  key: string,
  entries: readonly BundleEntry[],
  names: readonly AlternativeName[],
): Leaf | string {
  const pair = `${SECRET_KEYS.cert} and ${SECRET_KEYS.key}`;
  if (cert === '' && key === '') return `${pair} are missing`;
  if (cert === '' || key === '') return `${cert === '' ? SECRET_KEYS.cert : SECRET_KEYS.key} is missing`;
  let leaf: X509Certificate | undefined;
  try {
    [leaf] = certificates(cert, SECRET_KEYS.cert);
    if (leaf?.checkPrivateKey(privateKey(key, SECRET_KEYS.key)) !== true)
      return `${pair} do not belong together`;
  } catch (error) {
    if (error instanceof CertificateError) return error.message;
    throw error;
  }
  const refusal = tlsRefusal(cert, key);
  if (refusal !== undefined) return `TLS refuses ${pair} (${refusal})`;
  const signed = leaf;
  const signer = entries.find(
    ({ certificate }) => signed.checkIssued(certificate) && signed.verify(certificate.publicKey),
  );
  if (signer === undefined) return `${SECRET_KEYS.cert} is not signed by a CA in ${SECRET_KEYS.bundle}`;
  const from = leaf.validFromDate.getTime();
  return {
    authority: signer.id,
    made: OWN_CA_NAME.test(signer.certificate.subject) ? from + SKEW : from,
    from,
    until: leaf.validToDate.getTime(),
    lacking: names.filter((name) => !covers(signed, name)).map(({ value }) => value),
  };
}

/** A private key, what is wrong with it, or nothing where there is nothing. */
function keyOf(pem: string, name: string): KeyObject | string | undefined {
  if (pem === '') return undefined;
  try {
    return privateKey(pem, name);
  } catch (error) {
    if (error instanceof CertificateError) return error.message;
    throw error;
  }
}

/** Without it, or damaged, every CA is kept until its own end. */
function readEnds(text: string): Record<string, number> {
  try {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) return {};
    const entries = Object.entries(value).map(([id, end]) => [id, Date.parse(String(end))] as const);
    return Object.fromEntries(entries.filter(([, end]) => !Number.isNaN(end)));
  } catch {
    return {};
  }
}
