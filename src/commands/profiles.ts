import { Option } from 'commander';
import type { Command } from 'commander';

import { effectiveConfig } from '../config/effective.ts';
import { exporterForm, profileForm } from '../config/forms.ts';
import { canonicalJson } from '../config/hash.ts';
import { readConfig } from '../config/load.ts';
import { spelledOut } from '../config/merge.ts';
import { parseConfig } from '../config/parse.ts';
import type { ParseResult } from '../config/parse.ts';
import type { EngineConfig } from '../core/engine-config.ts';
import { didYouMean } from '../core/problem.ts';
import type { Exporter, Profile } from '../core/profile.ts';
import { yamlText } from '../core/yaml-text.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../profiles/index.ts';
import { columns } from './columns.ts';
import type { CommandIo } from './command.ts';
import { fail } from './fail.ts';

export interface ProfilesOptions {
  readonly config?: string;
  readonly output: 'table' | 'yaml' | 'json';
}

type Catalogue = Pick<EngineConfig, 'profiles' | 'exporters'>;

export function define(command: Command): void {
  command
    .argument('[name...]', 'profiles to show (default: all)')
    .option('--config <file>', 'podscrape’s configuration file, which may change profiles and add others')
    .addOption(
      new Option('-o, --output <format>', 'yaml and json are in the form of the configuration file')
        .choices(['table', 'yaml', 'json'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  podscrape profiles
  podscrape profiles gunicorn -o yaml`,
    );
}

/** Prints profiles and their exporters, or nothing when a name is none. */
export async function run(
  options: ProfilesOptions,
  io: CommandIo,
  names: readonly string[],
): Promise<number> {
  const read = options.config === undefined ? NO_FILE : await readFile(options.config);
  if (!read.ok) return fail(io, read.problems);
  const { engine } = effectiveConfig(read.file);
  const known = [...engine.profiles.keys()];
  const unknown = names.filter((name) => !engine.profiles.has(name));
  if (unknown.length > 0)
    return fail(
      io,
      unknown.map((name) => unknownName(name, known)),
    );
  const shown = names.length === 0 ? engine : only(engine, names);
  if (options.output === 'json') io.stdout.write(`${JSON.stringify(file(shown), null, 2)}\n`);
  else if (options.output === 'yaml') io.stdout.write(yamlText(file(shown)));
  else {
    // A mirror is no change to a profile.
    const { imageRegistry } = read.file;
    const builtIn = effectiveConfig(imageRegistry === undefined ? {} : { imageRegistry }).engine;
    io.stdout.write(table(shown, builtIn, terminalWidth(io)));
  }
  return 0;
}

const NO_FILE: ParseResult = { ok: true, file: {} };

async function readFile(name: string): Promise<ParseResult> {
  const content = await readConfig(name);
  if ('problem' in content) return { ok: false, problems: [`${name}: ${content.problem}`] };
  return parseConfig(content.text, name);
}

function unknownName(name: string, known: readonly string[]): string {
  const { hint } = didYouMean(name, known);
  return `error: unknown profile ${JSON.stringify(name)}; known are ${known.join(', ')}${hint === undefined ? '' : `; ${hint}`}`;
}

/** The profiles of these names, with the exporters that they use. */
function only({ profiles, exporters }: Catalogue, names: readonly string[]): Catalogue {
  const chosen = [...profiles].filter(([name]) => names.includes(name));
  const used = chosen.map(([, { exporter }]) => exporter?.exporter);
  return {
    profiles: new Map(chosen),
    exporters: new Map([...exporters].filter(([name]) => used.includes(name))),
  };
}

/** What a configuration file would say, were it to say everything. */
function file({ profiles, exporters }: Catalogue): object {
  return {
    profiles: entries(profiles, BUILT_IN_PROFILES, profileForm),
    ...(exporters.size > 0 && { exporters: entries(exporters, BUILT_IN_EXPORTERS, exporterForm) }),
  };
}

function entries<T extends { readonly name: string }>(
  rows: ReadonlyMap<string, T>,
  builtIn: readonly T[],
  form: (row: T) => object,
): object {
  const entry = (row: T): object => {
    const base = builtIn.find(({ name }) => name === row.name);
    return spelledOut(form(row), base === undefined ? {} : form(base));
  };
  return Object.fromEntries([...rows].map(([name, row]) => [name, entry(row)]));
}

function table({ profiles, exporters }: Catalogue, builtIn: Catalogue, width: number | undefined): string {
  const rows = [...profiles.values()].map((profile) => {
    const exporter = exporters.get(profile.exporter?.exporter ?? '');
    return [
      profile.name,
      serves(profile, exporter),
      exporter?.image ?? '-',
      origin(profile, exporter, builtIn),
      profile.summary,
    ];
  });
  return columns([['NAME', 'SERVES', 'EXPORTER IMAGE', 'FROM', 'SUMMARY'], ...rows], width);
}

function serves({ target }: Profile, exporter: Exporter | undefined): string {
  const scheme = target?.scheme === 'https' ? ' (https)' : '';
  return [
    ...(target === undefined ? [] : [`application :${target.port}${target.path}${scheme}`]),
    ...(exporter === undefined ? [] : [`exporter :${exporter.port}${exporter.path}`]),
  ].join(', ');
}

function origin(profile: Profile, exporter: Exporter | undefined, builtIn: Catalogue): string {
  const original = builtIn.profiles.get(profile.name);
  if (original === undefined) return 'configuration';
  const parts = (one: Profile, other: Exporter | undefined): string => canonicalJson([one, other]);
  const before = parts(original, builtIn.exporters.get(original.exporter?.exporter ?? ''));
  return parts(profile, exporter) === before ? 'built in' : 'built in, changed';
}

/** Only a terminal has columns. */
function terminalWidth({ stdout }: CommandIo): number | undefined {
  return 'columns' in stdout && typeof stdout.columns === 'number' ? stdout.columns : undefined;
}
