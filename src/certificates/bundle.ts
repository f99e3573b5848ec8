import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** A CA certificate of a bundle. */
export interface BundleEntry {
  /** SHA-256 of the certificate, as hexadecimal bytes with colons. */
  readonly id: string;
  readonly certificate: X509Certificate;
}

/** The certificates of a bundle, in its order, each once; what is damaged is passed over. */
export function bundleEntries(pem: string): BundleEntry[] {
  const found = new Map<string, BundleEntry>();
  for (const [block] of pem.matchAll(CERTIFICATE)) {
    const entry = entryOf(block);
    if (entry !== undefined && !found.has(entry.id)) found.set(entry.id, entry);
  }
  return [...found.values()];
}

/** How many certificates a text claims to have, damaged ones too. */
export function blocks(pem: string): number {
  return pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;
}

/**
 * One bundle of several, in their order: each certificate once, none that is over. What is not valid yet stays, because
 * the clock may be wrong.
 */
export function mergeBundles(bundles: readonly string[], now: Date): string {
  return bundleText(
    bundleEntries(bundles.join('\n')).filter(({ certificate }) => now <= certificate.validToDate),
  );
}

/** A bundle as PEM, with a newline after each certificate. */
export function bundleText(entries: readonly BundleEntry[]): string {
  return entries.map(({ certificate }) => `${certificate.toString().trimEnd()}\n`).join('');
}

function entryOf(block: string): BundleEntry | undefined {
  try {
    const certificate = new X509Certificate(block);
    return { id: certificate.fingerprint256, certificate };
  } catch {
    return undefined;
  }
}
