import { imageName } from '../core/pod.ts';
import { didYouMean } from '../core/problem.ts';
import { parsePath } from '../core/values.ts';
import { BUILT_IN_EXPORTERS } from '../profiles/index.ts';
import type { CatalogueEntry } from './catalogue.ts';
import { resources } from './check-bounds.ts';
import { connection } from './check-connection.ts';
import { free } from './check-ports.ts';
import type { Placeholders } from './check-texts.ts';
import { args, parsed, placeholders, variables } from './check-texts.ts';
import { at, entriesOf, textsOf } from './data.ts';
import type { Data, Entry } from './data.ts';
import { ENTRY_DEFAULTS } from './defaults.ts';
import type { Finding } from './finding.ts';
import { shown, wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

/** A DNS label: the exporter's name is its container's. */
const NAME = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** What a new exporter cannot do without. */
const NEEDED = ['image', 'port', 'runAsUser'];

/** The file's exporters. */
export function exporters(rows: readonly CatalogueEntry[]): Finding[] {
  const own = rows.flatMap((row) => (row.given === undefined ? [] : exporter(row, row.given)));
  return [...own, ...imageNames(rows)];
}

function exporter(row: CatalogueEntry, given: Data): Finding[] {
  const { name, path, data } = row;
  const builtIn = BUILT_IN_EXPORTERS.find((one) => one.name === name);
  const near = didYouMean(
    name,
    BUILT_IN_EXPORTERS.map((one) => one.name),
  );
  if (!NAME.test(name)) {
    const message = `${shown(name)} is no exporter name, which is a container’s: at most 63 lower-case letters, digits and dashes, no dash at the ends`;
    return [{ path, of: 'key', message, ...near }];
  }
  return [
    ...missing(row, near),
    ...ports(row),
    ...imageLength(given['image'], [...path, 'image']),
    ...root(data['runAsUser'], [...path, 'runAsUser']),
    ...parsed(parsePath, data['path'], [...path, 'path']),
    ...texts(row),
    ...mapping(row),
    ...resources(given, path, builtIn?.resources ?? ENTRY_DEFAULTS.exporter),
  ];
}

function missing({ path, data, builtIn }: CatalogueEntry, near: { readonly hint?: string }): Finding[] {
  const absent = NEEDED.filter((key) => data[key] === undefined);
  if (builtIn || absent.length === 0) return [];
  const message = `is not built in, and a new exporter needs ${NEEDED.join(', ')}; missing: ${absent.join(', ')}`;
  return [{ path, of: 'key', message, ...near }];
}

function ports({ path, data }: CatalogueEntry): Finding[] {
  const { port, ingestPort } = data;
  const place = [...path, 'ingestPort'];
  const twice =
    typeof port === 'number' && port === ingestPort
      ? [wrongValue(place, `${port} is port too; the exporter cannot listen twice`)]
      : [];
  return [...free(port, [...path, 'port']), ...free(ingestPort, place), ...twice];
}

/** What registries and container runtimes take of an image without its tag and digest (distribution/reference). */
const LONGEST_NAME = 255;

function imageLength(image: unknown, path: Path): Finding[] {
  if (typeof image !== 'string') return [];
  const name = image.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
  if (name.length <= LONGEST_NAME) return [];
  const message = `the name of the image has ${name.length} characters; at most ${LONGEST_NAME} are allowed`;
  return [wrongValue(path, message)];
}

function root(user: unknown, path: Path): Finding[] {
  if (user !== 0) return [];
  return [wrongValue(path, '0 is root, which Pod Security restricted refuses', 'name the image’s own user')];
}

function texts({ name, path, data }: CatalogueEntry): Finding[] {
  const noIngest = { ingest: `is ingestPort, which ${name} does not have` };
  const allowed: Placeholders = {
    known: ['port', 'ingest'],
    because: {
      ...(data['ingestPort'] === undefined && noIngest),
      address: 'belongs below connection, which says when there is one',
    },
  };
  return [
    ...args(data['args'], [...path, 'args'], allowed),
    ...variables(data['env'], [...path, 'env'], (entry) => plainVariable(entry, allowed)),
    ...memoryBound({ path, data }),
    ...connection({ path, data }, allowed),
  ];
}

function plainVariable({ path, data }: Entry, allowed: Placeholders): Finding[] {
  if (data['secret'] !== undefined)
    return [wrongValue([...path, 'secret'], 'belongs below connection, which says when there is a Secret')];
  const { value } = data;
  if (value === undefined) return [wrongValue(path, 'value is missing (text)')];
  return typeof value === 'string' ? placeholders(value, [...path, 'value'], allowed) : [];
}

/** podscrape sets the variable for exporters in Go. */
function memoryBound({ path, data }: Entry): Finding[] {
  if (data['go'] !== true) return [];
  const message = 'is set from the memory limit, because go is true; leave it out, or set go: false';
  return entriesOf(data['env'], [...path, 'env'])
    .filter((row) => row.data['name'] === 'GOMEMLIMIT')
    .map((row) => wrongValue([...row.path, 'name'], message));
}

function mapping({ path, data }: CatalogueEntry): Finding[] {
  const found = at(data, 'mapping');
  if (found === undefined) return [];
  const place = [...path, 'mapping'];
  const { arg, directory: where } = found;
  const absent = ['arg', 'directory', 'file'].filter((key) => found[key] === undefined);
  return [
    ...absent.map((key) => wrongValue(place, `${key} is missing (text)`)),
    ...(typeof arg === 'string' ? fileArgument(arg, [...place, 'arg']) : []),
    ...(typeof where === 'string' ? directory(where, [...place, 'directory']) : []),
  ];
}

function fileArgument(arg: string, path: Path): Finding[] {
  if (!arg.includes('{file}'))
    return [wrongValue(path, 'does not say {file}, which stands for the file’s path')];
  return placeholders(arg, path, { known: ['file'] });
}

/** Trees of the system, and of Kubernetes: a file mounted there, or above, would hide what is in them. */
const SYSTEM = [
  '/bin',
  '/boot',
  '/dev',
  '/etc/group',
  '/etc/hostname',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/passwd',
  '/etc/pki',
  '/etc/resolv.conf',
  '/etc/ssl',
  '/lib',
  '/lib32',
  '/lib64',
  '/proc',
  '/run',
  '/sbin',
  '/sys',
  '/usr/bin',
  '/usr/lib',
  '/usr/lib64',
  '/usr/libexec',
  '/usr/local/bin',
  '/usr/sbin',
  '/var/lib',
  '/var/run',
];
/** Directories that are the system's themselves; one below is free. */
const SHARED = ['/etc', '/home', '/opt', '/root', '/srv', '/tmp', '/usr/local', '/usr/share'];

function directory(where: string, path: Path): Finding[] {
  const own = 'name one of its own, such as /etc/podscrape/NAME';
  if (!/^(?:\/(?!\.{1,2}(?:\/|$))[-\w.]+)+$/.test(where)) {
    const message = `${shown(where)} is no absolute path of plain names, without . and .. and / at its end`;
    return [wrongValue(path, message, own)];
  }
  const within = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  const hidden =
    SHARED.find((shared) => shared === where) ??
    SYSTEM.find((tree) => within(where, tree) || within(tree, where));
  if (hidden === undefined) return [];
  return [
    wrongValue(path, `${shown(where)} would hide what is in ${within(hidden, where) ? hidden : where}`, own),
  ];
}

/** One container must not be two exporters. */
function imageNames(rows: readonly CatalogueEntry[]): Finding[] {
  const owners = new Map<string, CatalogueEntry>();
  return rows.flatMap((row) =>
    [...namesOfImages(row)].flatMap((name): Finding[] => {
      const first = owners.get(name);
      if (first === undefined) owners.set(name, row);
      const blamed = row.given === undefined ? first : row;
      if (first === undefined || blamed === undefined) return [];
      const other = blamed === row ? first : row;
      const key = blamed.given?.['imageNames'] === undefined ? 'image' : 'imageNames';
      const message = `${shown(name)} is an image of ${other.name} too, and a container of it could be either`;
      return [wrongValue([...blamed.path, key], message, `change ${other.name} instead, if it is the same`)];
    }),
  );
}

/** What the engine knows the exporter by: the names listed, and its own image's. */
function namesOfImages({ data: { imageNames: listed, image } }: CatalogueEntry): ReadonlySet<string> {
  const names = textsOf(listed, []).map(({ text }) => text);
  return new Set(typeof image === 'string' ? [...names, imageName(image)] : names);
}

/** Without a dot, a port or `localhost`, a registry's name is read as a user of Docker Hub. */
export function imageRegistry(registry: unknown): Finding[] {
  if (typeof registry !== 'string') return [];
  const host = registry.split('/')[0] ?? '';
  if (host === 'localhost' || /[.:]/.test(host)) return [];
  const message = `${shown(registry)} does not begin with a registry: ${shown(host)} has no dot and no port, and would be read as a user of Docker Hub`;
  return [wrongValue(['imageRegistry'], message, `write docker.io/${host} if it is one`)];
}
