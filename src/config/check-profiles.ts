import { parseDuration } from '../core/duration.ts';
import { didYouMean } from '../core/problem.ts';
import { INTERVAL } from '../core/scrape-times.ts';
import { checkStatsdMapping } from '../core/statsd-mapping.ts';
import { parseInterval, parsePath } from '../core/values.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { access } from './check-access.ts';
import { free } from './check-ports.ts';
import { args, parsed, placeholders, variables } from './check-texts.ts';
import { at, isRecord } from './data.ts';
import type { Data, Entry } from './data.ts';
import type { Finding } from './finding.ts';
import { shown, wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

/** What a label's value can hold, so that the annotation and the label can ask for it, and no comma. */
const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** That a name is a profile's. The empty one is left to the schema. */
export function profileName(name: unknown, path: Path, known: readonly string[]): Finding[] {
  if (typeof name !== 'string' || name === '' || known.includes(name)) return [];
  const message = `unknown profile ${shown(name)}; known are ${known.join(', ')}`;
  return [{ path, of: 'value', message, ...didYouMean(name, known) }];
}

/** The file's profiles, and the built-in ones that a change to an exporter breaks. */
export function profiles(rows: readonly CatalogueEntry[], exporters: readonly CatalogueEntry[]): Finding[] {
  const builtIn = rows.filter((row) => row.builtIn).map(({ name }) => name);
  return rows.flatMap((row): Finding[] => {
    if (row.given === undefined) return withExporter(row, exporters);
    if (!NAME.test(row.name)) {
      const message = `${shown(row.name)} is no profile name: at most 63 letters, digits, -, _ and ., a letter or digit at both ends`;
      return [{ path: row.path, of: 'key', message, ...didYouMean(row.name, builtIn) }];
    }
    return [
      ...something(row, builtIn),
      ...target(row),
      ...times(row),
      ...access(row.data, row.path),
      ...withExporter(row, exporters),
    ];
  });
}

function something({ name, path, data, given = {} }: CatalogueEntry, builtIn: readonly string[]): Finding[] {
  // A value of another type is the schema's to refuse.
  const parts = [data['target'], data['exporter'], given['target'], given['exporter']];
  if (parts.some((part) => part !== undefined && part !== null)) return [];
  const message = 'has neither target nor exporter; a profile needs one of them';
  const others = builtIn.filter((other) => other !== name);
  return [{ path, of: 'key', message, ...didYouMean(name, others) }];
}

function target({ path, data }: CatalogueEntry): Finding[] {
  const found = at(data, 'target');
  if (found === undefined) return [];
  const place = [...path, 'target'];
  const missing = found['port'] === undefined ? [wrongValue(place, 'port is missing (1 to 65535)')] : [];
  return [
    ...missing,
    ...free(found['port'], [...place, 'port']),
    ...parsed(parsePath, found['path'], [...place, 'path']),
  ];
}

function times({ path, data }: CatalogueEntry): Finding[] {
  const { interval, timeout } = data;
  const wrong = [
    ...parsed(parseInterval, interval, [...path, 'interval']),
    ...parsed(parseInterval, timeout, [...path, 'timeout']),
  ];
  if (wrong.length > 0 || typeof timeout !== 'string') return wrong;
  const own = typeof interval === 'string';
  const most = parseDuration(own ? interval : INTERVAL) ?? Infinity;
  if (!((parseDuration(timeout) ?? 0) > most)) return [];
  const which = own ? `the interval ${interval}` : `the default interval ${INTERVAL}`;
  return [wrongValue([...path, 'timeout'], `${timeout} is longer than ${which}; Prometheus refuses that`)];
}

/** How a profile and its exporter fit; a built-in profile's misfit is told where the exporter is changed. */
function withExporter(
  { name, path, data, given }: CatalogueEntry,
  exporters: readonly CatalogueEntry[],
): Finding[] {
  const use = at(data, 'exporter');
  if (use === undefined) return [];
  const place = [...path, 'exporter'];
  const { exporter } = use;
  if (exporter === undefined) return [wrongValue(place, 'exporter is missing (name of an exporter)')];
  if (typeof exporter !== 'string') return [];
  const found = exporters.find((row) => row.name === exporter);
  if (found === undefined) {
    const known = exporters.map((row) => row.name);
    const message = `unknown exporter ${shown(exporter)}; known are ${known.join(', ')}`;
    return [wrongValue([...place, 'exporter'], message, didYouMean(exporter, known).hint)];
  }
  const misfits = fits({ path: place, data: use }, found.data, exporter);
  if (given !== undefined) return misfits;
  return misfits.map((finding) => ({
    ...finding,
    path: found.path,
    message: `breaks the built-in profile ${name}: ${finding.message}`,
  }));
}

function fits({ path, data: use }: Entry, exporter: Data, name: string): Finding[] {
  const ingest =
    exporter['ingestPort'] === undefined ? { ingest: `is ingestPort, which ${name} does not have` } : {};
  const known = ['port', 'ingest'];
  return [
    ...mapping(use['mapping'], [...path, 'mapping'], exporter, name),
    ...args(use['args'], [...path, 'args'], { known, because: ingest }),
    ...variables(use['appEnv'], [...path, 'appEnv'], (entry) =>
      appVariable(entry, [...known, 'url'], ingest),
    ),
  ];
}

function mapping(text: unknown, path: Path, exporter: Data, name: string): Finding[] {
  if (typeof text !== 'string') return [];
  const taken = exporter['mapping'];
  if (taken === undefined) return [wrongValue(path, `${name} takes no mapping`)];
  if (!isRecord(taken) || taken['format'] !== 'statsd') return [];
  return checkStatsdMapping(text).map((message) => wrongValue(path, message));
}

function appVariable(
  { path, data }: Entry,
  known: readonly string[],
  because: Readonly<Record<string, string>>,
): Finding[] {
  const keys = ['value', 'append', 'unless'].filter((key) => data[key] !== undefined).join();
  const shape =
    keys === 'value' || keys === 'append,unless'
      ? []
      : [wrongValue(path, 'needs value, or append and unless')];
  const texts = ['value', 'append'].flatMap((key) => {
    const text = data[key];
    return typeof text === 'string' ? placeholders(text, [...path, key], { known, because }) : [];
  });
  return [...shape, ...texts];
}
