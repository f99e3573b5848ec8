import { KnownNamespaces } from '../../src/manifests/namespaces.ts';
import { injectDocument, uninjectDocument } from '../../src/manifests/rewrite.ts';
import type { Rewritten } from '../../src/manifests/rewrite.ts';
import { engineConfig } from '../core/support.ts';

export const config = engineConfig();

export function injected(text: string, settings = config): Rewritten {
  return injectDocument(text, new KnownNamespaces({ namespace: 'team-a', now: 0 }), settings);
}

export function takenOut(text: string, settings = config): Rewritten {
  return uninjectDocument(text, settings);
}

/** What a person would read of the findings. */
export function messages({ findings }: Rewritten): readonly string[] {
  return findings.map(({ level, subject, message }) => `${level}: ${subject ?? 'document'}: ${message}`);
}
