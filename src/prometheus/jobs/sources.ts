import type { RelabelConfig } from '../scrape-config.ts';
import { annotation, META, serviceAnnotation } from '../meta-labels.ts';
import type { JobOptions, ProfileTimes, Variant } from './options.ts';

/**
 * Where a target comes from, as rules can tell. The role `pod` reads the profiles in `P/status`, and the container; the
 * Service roles read what `P/profile` and `P/container` of a printed Service say.
 */

/** Holds the container's name on targets of exporters, nothing on the application's. */
const EXPORTER = '__tmp_podscrape_exporter';

type Source = Pick<Variant | ProfileTimes, 'profile' | 'container'>;

/** Sorts targets out by where they come from. */
export function selectionRules(options: JobOptions, variant: Variant | undefined): readonly RelabelConfig[] {
  const { variants, times } = options;
  // A target belongs to the first variant that it fits, else to the jobs without one.
  const earlier = variant === undefined ? variants : variants.slice(0, variants.indexOf(variant));
  const rule = (one: Variant, action: 'keep' | 'drop'): RelabelConfig => ({
    source_labels: sourceLabels(options),
    regex: sourcePattern(options, one),
    action,
  });
  return [
    ...(variants.length > 0 || times.length > 0 ? exporterMark(options) : []),
    ...(variant === undefined ? [] : [rule(variant, 'keep')]),
    ...earlier.map((one) => rule(one, 'drop')),
  ];
}

function exporterMark(options: JobOptions): readonly RelabelConfig[] {
  const { exporters = [], variants, times } = options;
  const sources: readonly Source[] = [...variants, ...times];
  // What is said of an application must pass over every exporter.
  const all = sources.some(({ container }) => container === undefined) ? exporters : [];
  const names = [...new Set([...all, ...sources.flatMap(({ container }) => container ?? [])])];
  if (names.length === 0) return [];
  return [{ source_labels: [containerLabel(options)], regex: `(${anyOf(names)})`, target_label: EXPORTER }];
}

/** What names the target's container. */
export function containerLabel({ role, annotationPrefix }: JobOptions): string {
  return role === 'service' ? serviceAnnotation(`${annotationPrefix}/container`) : META.container;
}

/** What {@link sourcePattern} is matched against. */
export function sourceLabels({ role, annotationPrefix }: JobOptions): readonly string[] {
  const profiles =
    role === 'pod'
      ? annotation(`${annotationPrefix}/status`)
      : serviceAnnotation(`${annotationPrefix}/profile`);
  return [EXPORTER, profiles];
}

/** A profile's application targets, an exporter's targets, or an exporter's where the profile was asked for. */
export function sourcePattern({ role }: JobOptions, { profile, container }: Source): string {
  const exporter = container === undefined ? '' : literal(container);
  // A record with problems has several lines: mark.ts tells of `(?s)`, which holds to the end of the pattern.
  if (profile === undefined) return `${exporter};(?s).*`;
  const name = literal(profile);
  // The record is JSON that podscrape writes without white space; in its problems' texts quotes are escaped.
  const profiles =
    role === 'pod'
      ? String.raw`(?s).*"profiles":\[(?:"[^"\]]*",)*"${name}"[,\]].*`
      : `(?:[^,]*,)*${name}(?:,.*)?`;
  return `${exporter};${profiles}`;
}

/** `text` as a regular expression that matches it alone. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** One of `texts`, as a regular expression. */
function anyOf(texts: readonly string[]): string {
  return texts.map(literal).join('|');
}
