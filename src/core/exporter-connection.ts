import type { Problem } from './problem.ts';
import type { Connection, ConnectionSettings, Exporter, ExporterEnv } from './profile.ts';
import type { ExporterRequest } from './request.ts';
import type { KeyReference } from './values.ts';
import { parsePortNumber, shownConnection } from './values.ts';

/** What an exporter is told of its connection; empty for one that connects to nothing. */
export interface Connected {
  readonly env: readonly ExporterEnv[];
  readonly args: readonly string[];
  /** What `{address}` stands for. */
  readonly address?: string;
  readonly secret?: KeyReference;
}

/** What the request says about connections. */
type Asked = Pick<ExporterRequest, 'address' | 'secret'>;
type Way = keyof Asked;

/** What a request may give a connection, as in `P/exporter-address` and `P/exporter-secret`. */
export const WAYS = ['address', 'secret'] as const satisfies readonly Way[];

/** Told nothing. */
export const UNCONNECTED: Connected = { env: [], args: [] };

/** Whether an exporter looks at the key at all, if only to refuse it. */
export function readsConnection({ connection, external }: Exporter, way: Way): boolean {
  return connection !== undefined || (way === 'address' && external === true);
}

/** Whether the exporter can do something with the key. */
function takes({ connection, external }: Exporter, way: Way): boolean {
  return (
    connection?.both !== undefined ||
    connection?.[way] !== undefined ||
    (way === 'address' && external === true)
  );
}

/**
 * Whose a key is of those that can take it. One that connects comes before a Pushgateway, which needs no address and is a
 * sidecar then; one that cannot do without comes before those that have a default address.
 */
function claimants(exporters: readonly Exporter[], way: Way): readonly Exporter[] {
  const takers = exporters.filter((exporter) => takes(exporter, way));
  const connecting = takers.filter(({ connection }) => connection !== undefined);
  const needing = connecting.filter(({ connection }) => connection?.defaultAddress === undefined);
  return [needing, connecting].find(({ length }) => length > 0) ?? takers;
}

/**
 * Whose the request's address and Secret are: one exporter's each. Where several need one nobody can tell, and it is
 * nobody's then; undefined is returned, with the problem.
 */
export function shareOut(
  exporters: readonly Exporter[],
  asked: Asked,
  prefix: string,
  problems: Problem[],
): ReadonlyMap<Exporter, Asked> | undefined {
  let ambiguous = false;
  const shares = new Map<Exporter, Asked>(exporters.map((exporter) => [exporter, {}]));
  for (const way of WAYS) {
    const value = asked[way];
    if (value === undefined) continue;
    const takers = claimants(exporters, way);
    if (takers.length > 1) {
      ambiguous = true;
      const names = takers.map(({ name }) => name).join(' and ');
      const hint = 'keep one; connect the other by a profile';
      problems.push({
        code: 'exporter-connection',
        path: keyOf(way, prefix),
        message: `${names} read it`,
        hint,
      });
    }
    // Where none can take it, those that connect at all say so.
    for (const exporter of takers.length > 0 ? takers : exporters)
      shares.set(exporter, { ...shares.get(exporter), [way]: value });
  }
  return ambiguous ? undefined : shares;
}

/** How a new exporter is connected, as far as the request and the exporter's ways allow; all problems are reported. */
export function connect(exporter: Exporter, asked: Asked, prefix: string, problems: Problem[]): Connected {
  const { connection } = exporter;
  if (connection === undefined) return UNCONNECTED;
  if (asked.address !== undefined) checkAddress(asked.address, connection, prefix, problems);
  const settings = settingsFor(connection, asked);
  if (settings === undefined) {
    problems.push(wayProblem(exporter.name, connection, asked, prefix));
    return UNCONNECTED;
  }
  const address = asked.address ?? connection.defaultAddress;
  return {
    env: settings.env ?? [],
    args: settings.args ?? [],
    ...(address === undefined ? {} : { address }),
    ...(asked.secret === undefined ? {} : { secret: asked.secret }),
  };
}

/**
 * Where the cluster's own exporter is, as a URL without a slash at its end; undefined, with the problem, for an address
 * that is none.
 */
export function externalUrl(
  { connection }: Exporter,
  address: string,
  prefix: string,
  problems: Problem[],
): string | undefined {
  const url = hasScheme(address) ? address : `http://${address}`;
  warnOfPassword(address, connection, prefix, problems);
  const hasQuery = /[?#]/.test(url);
  if (!hasQuery && isHttpUrl(url)) return url.replace(/\/+$/, '');
  const hint = `write it like ${connection?.example ?? 'http://pushgateway:9091'}`;
  const shown = shownConnection(address);
  const message = hasQuery ? `${shown} has a query or fragment` : `${shown} is no http or https URL`;
  problems.push({ code: 'exporter-connection', path: keyOf('address', prefix), message, hint });
  return undefined;
}

/** With a host, and a port that there can be. */
function isHttpUrl(url: string): boolean {
  if (!/^https?:\/\/[^/\\]/i.test(url) || !URL.canParse(url)) return false;
  const { port } = new URL(url);
  return port === '' || parsePortNumber(port) !== undefined;
}

function keyOf(way: Way, prefix: string): string {
  return `${prefix}/exporter-${way}`;
}

function settingsFor(connection: Connection, { address, secret }: Asked): ConnectionSettings | undefined {
  if (address !== undefined && secret !== undefined) return connection.both;
  if (secret !== undefined) return connection.secret;
  return address === undefined && connection.defaultAddress === undefined ? undefined : connection.address;
}

/** What is missing, or is there and cannot be used, and what could be. */
function wayProblem(
  name: string,
  connection: Connection,
  { address, secret }: Asked,
  prefix: string,
): Problem {
  const code = 'exporter-connection';
  const { both, example, secretHolds = 'what it connects with' } = connection;
  const toName = `NAME/KEY of a Secret with ${secretHolds}`;
  const ofAddress = keyOf('address', prefix);
  const ofSecret = keyOf('secret', prefix);
  const askForSecret = `not set: ${toName}`;
  if (address !== undefined && secret !== undefined) {
    const message = `${name} takes this or exporter-address, not both`;
    return { code, path: ofSecret, message, hint: 'remove one' };
  }
  if (address !== undefined) {
    if (both !== undefined)
      return { code, path: ofSecret, message: askForSecret, hint: `${name} needs both` };
    const hint = `exporter-secret: ${toName}`;
    return { code, path: ofAddress, message: `${name} takes no address`, hint };
  }
  const message = `not set: ${name} needs an address`;
  if (secret !== undefined) {
    if (both !== undefined) return { code, path: ofAddress, message, hint: `write it like ${example}` };
    const hint = `exporter-address: ${example}`;
    return { code, path: ofSecret, message: `${name} takes no Secret`, hint };
  }
  if (connection.secret === undefined && both === undefined)
    return { code, path: ofAddress, message, hint: `write it like ${example}` };
  if (connection.address === undefined)
    return { code, path: ofSecret, message: askForSecret, hint: `${name} needs it` };
  const either = `not set: NAME/KEY of ${secretHolds}`;
  return { code, path: ofSecret, message: either, hint: `or exporter-address: ${example}` };
}

function checkAddress(address: string, connection: Connection, prefix: string, problems: Problem[]): void {
  const { form, example } = connection;
  warnOfPassword(address, connection, prefix, problems);
  if (form === 'any' || hasScheme(address) === (form === 'uri')) return;
  const message = `${shownConnection(address)} has ${form === 'uri' ? 'no' : 'a'} scheme`;
  const hint = `write it like ${example}`;
  problems.push({ code: 'exporter-connection', path: keyOf('address', prefix), message, hint });
}

const SCHEME = /^[a-z][-+.a-z0-9]*:\/\//i;

/** Whether an address is a URI (`redis://redis:6379`) rather than `HOST:PORT`. */
export function hasScheme(address: string): boolean {
  return SCHEME.test(address);
}

/** A name may be missing before the password, and a number before a slash is a port. */
const IN_AUTHORITY = /(?:^|,):[^@]+@|:(?!\d+(?:[/?#,]|$))[^@]+@/;
const IN_QUERY = /[?&;](?:\w*pass(?:word|wd)?|pwd|auth|secret|token)=[^&]/i;

/** Whoever may see the Pod may read its annotations; a Secret is for fewer eyes. */
function warnOfPassword(
  address: string,
  connection: Connection | undefined,
  prefix: string,
  problems: Problem[],
): void {
  // Several addresses may stand there, and a password may have any character unencoded.
  const bare = address.replaceAll(/[a-z][-+.a-z0-9]*:\/\//gi, '');
  if (!IN_AUTHORITY.test(bare) && !IN_QUERY.test(address)) return;
  const takesSecret = connection?.secret !== undefined || connection?.both !== undefined;
  const message = 'has a password in it, and annotations are read by many';
  const hint = takesSecret ? 'use exporter-secret' : 'leave it out';
  problems.push({ code: 'address-password', path: keyOf('address', prefix), message, hint });
}
