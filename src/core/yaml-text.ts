import { Document, visit } from 'yaml';

import { resolveScalar } from './statsd-mapping-scalars.ts';

/**
 * kubectl, Prometheus (go-yaml) and PyYAML read YAML 1.1, where a bare `yes` or `0644` is no text; and people read and
 * edit what is printed, whom anchors and broken lines do not help.
 */
const OPTIONS = {
  compat: 'yaml-1.1',
  lineWidth: 0,
  aliasDuplicateObjects: false,
  flowCollectionPadding: false,
} as const;

/** Plain values as YAML that readers of YAML 1.1 and 1.2 take for the same values. */
export function yamlText(value: unknown): string {
  return documentText(yamlDocument(value));
}

/** A document to put comments into, for {@link documentText}. */
export function yamlDocument(value: unknown): Document {
  return new Document(value, OPTIONS);
}

/** The document's text. */
export function documentText(document: Document): string {
  visit(document, {
    Scalar: (_, scalar) => {
      const { value } = scalar;
      if (typeof value !== 'string') return;
      // A half of a surrogate pair has no place in UTF-8.
      const text = value.toWellFormed();
      scalar.value = text;
      if (SPECIAL.test(text) || !isPlain(text)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  // The library writes what is special as it is. It stands between double quotes, or in a comment.
  return withEscapes(document.toString(OPTIONS));
}

/** What YAML 1.1 takes for the end of a line (NEL, LS, PS), allows nowhere, or a terminal would carry out. */
const SPECIAL = /[\x7F-\x9F\u2028\u2029\uFEFF\uFFFE\uFFFF]/;
const SPECIAL_EACH = new RegExp(SPECIAL, 'g');

/** YAML or JSON in which special characters stand between double quotes alone, with these as `\u0085`. */
export function withEscapes(text: string): string {
  return text.replace(
    SPECIAL_EACH,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Whether a text that stands bare is a text for every reader; what the library sees itself it quotes itself. */
function isPlain(text: string): boolean {
  // `=` is YAML 1.1's default value, which PyYAML cannot construct.
  // Nor does that reader go on behind a tab.
  if (text.includes('\t') && !text.includes('\n')) return false;
  return text !== '=' && resolveScalar(text, '', true)?.type === 'string';
}
