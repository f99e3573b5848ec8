import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { X509Certificate } from 'node:crypto';

import { CertificateError } from './error.ts';
import { ioReason } from '../core/io-reason.ts';
import { readKeyPair, readPem } from './files.ts';
import type { AlternativeName } from './names.ts';
import { certificates, covers, invalidity } from './pem.ts';
import type { CertificateSet } from './self-signed.ts';
import { makeCertificates, OWN_CA_NAME } from './self-signed.ts';

/** The files of a set, in the order in which they are put into place; `ca.crt` comes last, see `write`. */
const FILES = [
  { name: 'tls.key', part: 'key', mode: 0o600 },
  { name: 'tls.crt', part: 'cert', mode: 0o644 },
  { name: 'ca.crt', part: 'ca', mode: 0o644 },
] as const;

/** A set of certificates in a folder, and how it came there. */
export interface Kept extends CertificateSet {
  /** Why it was made now; undefined when it was there and is used again. */
  readonly made?: string;
}

/**
 * The set in the folder if it is good for another third of its life, else a new one, written there. One process a
 * folder. Loses nothing: only a complete set whose CA podscrape made is ever replaced.
 * Errors: CertificateError when files are missing, do not fit together, are someone else's and unfit, or cannot be
 * read or written.
 */
export async function keptCertificates(
  folder: string,
  names: readonly AlternativeName[],
  now: Date,
): Promise<Kept> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await finishInterrupted(folder);
  } catch (error) {
    throw new CertificateError(`${folder}: cannot keep certificates there: ${ioReason(error)}`);
  }
  const missing = FILES.filter(({ name }) => !existsSync(join(folder, name))).map(({ name }) => name);
  if (missing.length === FILES.length) return renew(folder, names, now, 'there was none');
  if (missing.length > 0) {
    throw new CertificateError(
      `${folder}: ${missing.join(' and ')} missing beside ${present(missing)}; bring back what is missing, or remove ` +
        'the rest and podscrape makes new ones',
    );
  }
  const set = await read(folder);
  const why = unfit(set, names, now);
  if (why === undefined) return { ca: set.ca, cert: set.cert, key: set.key };
  if (set.ours) return renew(folder, names, now, why);
  // Worn, but someone else renews it, and until then it works.
  if (why === WORN) return { ca: set.ca, cert: set.cert, key: set.key };
  throw new CertificateError(
    `${join(folder, 'tls.crt')}: ${why}, and podscrape does not replace what it has not made; renew it where it ` +
      'comes from, or give another folder',
  );
}

const WORN = 'two thirds of its life were over';

interface Read extends CertificateSet {
  readonly leaf: X509Certificate;
  readonly authority: X509Certificate;
  readonly ours: boolean;
}

async function read(folder: string): Promise<Read> {
  const [keyFile, certFile, caFile] = FILES.map(({ name }) => join(folder, name)) as [string, string, string];
  const [key, cert, ca] = [await readPem(keyFile), await readPem(certFile), await readPem(caFile)];
  const [leaf] = certificates(cert, certFile);
  const authorities = certificates(ca, caFile);
  const authority = authorities.find((one) => leaf?.checkIssued(one) === true && leaf.verify(one.publicKey));
  if (leaf === undefined || authority === undefined) {
    throw new CertificateError(`${certFile}: not signed by the CA in ${caFile}; ${REMEDY}`);
  }
  // Validity is judged later, and expired is no fault here.
  await readKeyPair(certFile, keyFile);
  return { ca, cert, key, leaf, authority, ours: OWN_CA_NAME.test(authority.subject) };
}

const REMEDY = 'bring back the files that belong together, or remove them all and podscrape makes new ones';

/** Why a set is not good enough to start with; undefined when it is. */
function unfit({ leaf, authority }: Read, names: readonly AlternativeName[], now: Date): string | undefined {
  const wrong = invalidity(leaf, now) ?? invalidity(authority, now);
  if (wrong !== undefined) return `it ${wrong}`;
  const lacking = names.filter((name) => !covers(leaf, name)).map(({ value }) => value);
  if (lacking.length > 0) return `it was not for ${lacking.join(', ')}`;
  const end = Math.min(leaf.validToDate.getTime(), authority.validToDate.getTime());
  const life = end - leaf.validFromDate.getTime();
  return end - now.getTime() > life / 3 ? undefined : WORN;
}

async function renew(
  folder: string,
  names: readonly AlternativeName[],
  now: Date,
  made: string,
): Promise<Kept> {
  const set = await makeCertificates(names, now);
  try {
    await write(folder, set);
  } catch (error) {
    throw new CertificateError(`${folder}: cannot write certificates there: ${ioReason(error)}`);
  }
  return { ...set, made };
}

const STAGED = '.new';

/**
 * Three files cannot change in one step. So the new set is laid beside the old one, `ca.crt.new` last and by a rename:
 * where it is, the new set is complete, and putting it into place can be finished after a crash.
 */
async function write(folder: string, set: CertificateSet): Promise<void> {
  for (const { name, part, mode } of FILES) {
    const path = join(folder, name);
    const handle = await open(`${path}.tmp`, 'wx', mode);
    try {
      await handle.writeFile(set[part]);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(`${path}.tmp`, `${path}${STAGED}`);
  }
  await putIntoPlace(folder);
}

async function putIntoPlace(folder: string): Promise<void> {
  for (const { name } of FILES) {
    const path = join(folder, name);
    if (existsSync(`${path}${STAGED}`)) await rename(`${path}${STAGED}`, path);
  }
}

/** Ends what a crash broke off: forward when the new set is complete, else back. */
async function finishInterrupted(folder: string): Promise<void> {
  if (existsSync(join(folder, `ca.crt${STAGED}`))) await putIntoPlace(folder);
  for (const { name } of FILES) {
    for (const ending of ['.tmp', STAGED]) {
      const path = join(folder, name) + ending;
      if (existsSync(path)) await rm(path);
    }
  }
}

function present(missing: readonly string[]): string {
  return FILES.map(({ name }) => name as string)
    .filter((name) => !missing.includes(name))
    .join(' and ');
}
