import type { Community, CommunityValue } from './community.ts';
import type { Pod } from './kubernetes.ts';
import type { ExternalExporter, PlannedExporter } from './planned-exporter.ts';
import { hasPortName, places, tcpPort } from './pod.ts';
import type { Problem } from './problem.ts';
import type { Request } from './request.ts';
import type { TargetAttribute, TargetRequest } from './target-list.ts';
import { badValue, parsePath, parsePort, parsePortNumber, parseScheme } from './values.ts';
import type { Parsed } from './values.ts';

/** The exporters of a request, those outside the Pod among them. */
interface ExportersAsked {
  readonly exporters: readonly PlannedExporter[];
  readonly external: readonly ExternalExporter[];
}

/**
 * The application targets that a request asks for, before ports and containers are looked up: the list, or one
 * target from our own keys over the community's annotations. Empty when only an exporter is asked for.
 */
export function applicationRequests(
  pod: Pod,
  request: Request,
  said: Community,
  { exporters, external }: ExportersAsked,
  problems: Problem[],
): readonly TargetRequest[] {
  const { attributes } = request;
  if (request.list !== undefined) {
    for (const name of ['port', 'container'] as const) {
      if (attributes[name] === undefined) continue;
      const path = attributes.place(name);
      problems.push({
        code: 'ignored-key',
        path,
        message: 'ignored, because targets lists them all',
        hint: 'remove one',
      });
    }
    // The community's annotations describe one target only, and after us they describe the primary one; so but for a
    // declared port (targets.ts) they are no default for a list, or a second pass would see other targets.
    return request.list.map((entry) => withDefaults(entry, attributes));
  }
  const hasProfile = request.profiles.some((profile) => profile.target !== undefined);
  const community = communityRequest(pod, attributes, said, exporters);
  const wanted =
    hasProfile ||
    request.describesApplication ||
    (exporters.length + external.length > 0 && community.port !== undefined);
  if (!wanted) return [];
  return [mergeCommunity(attributes, community, problems)];
}

function withDefaults(entry: TargetRequest, defaults: TargetRequest): TargetRequest {
  const { scheme, path, params, interval, timeout } = defaults;
  const set = Object.fromEntries(
    Object.entries({ scheme, path, params, interval, timeout }).filter(([, value]) => value !== undefined),
  );
  return { ...set, ...entry };
}

interface CommunityLayer {
  readonly port?: Parsed<number | string>;
  readonly scheme?: Parsed<'http' | 'https'>;
  readonly path?: Parsed<string>;
  readonly params?: readonly (readonly [string, string])[];
  /** The keys as the Pod spells them. */
  readonly keys: Readonly<Partial<Record<TargetAttribute, string>>>;
}

/** `prometheus.io/port` and its family, unless the port is the exporter's: then they describe that. */
function communityRequest(
  pod: Pod,
  own: TargetRequest,
  said: Community,
  exporters: readonly PlannedExporter[],
): CommunityLayer {
  const [port, scheme, path] = (['port', 'scheme', 'path'] as const).map((name) => set(said.value(name)));
  const isExporters = (text: string): boolean => exporters.some((planned) => isPortOf(pod, planned, text));
  // A port that our own key asks for too is the application's, whatever number exporters usually have.
  if (port !== undefined && own.port !== portReference(port.text) && isExporters(port.text))
    return { keys: {} };
  const params = [...said.params()].map(([name, { text }]) => [name, text] as const);
  return {
    ...(port === undefined || own.port !== undefined ? {} : { port: parsePort(port.text) }),
    ...(scheme === undefined || own.scheme !== undefined ? {} : { scheme: parseScheme(scheme.text) }),
    ...(path === undefined || own.path !== undefined ? {} : { path: parsePath(path.text) }),
    ...(params.length === 0 || own.params !== undefined ? {} : { params }),
    keys: {
      ...(port === undefined ? {} : { port: port.key }),
      ...(scheme === undefined ? {} : { scheme: scheme.key }),
      ...(path === undefined ? {} : { path: path.key }),
    },
  };
}

/** Templates leave empty values behind, and no scraper's rule matches one. */
function set(value: CommunityValue | undefined): CommunityValue | undefined {
  return value === undefined || value.text.trim() === '' ? undefined : value;
}

/** The number, however it is written, or the name. */
function portReference(text: string): number | string {
  return parsePortNumber(text.trim()) ?? text.trim();
}

/** Whether a community port is the exporter's: the one it serves metrics on, or will if nobody has it. */
function isPortOf(pod: Pod, { exporter, existing, port }: PlannedExporter, text: string): boolean {
  const name = text.trim();
  const number = parsePortNumber(name);
  if (existing !== undefined) {
    return number === undefined ? hasPortName(existing.container, port, name) : number === port;
  }
  const all = places(pod).map(({ container }) => container);
  return number === exporter.port && !all.some((container) => tcpPort(container, number) !== undefined);
}

function mergeCommunity(own: TargetRequest, community: CommunityLayer, problems: Problem[]): TargetRequest {
  const bad = new Set(own.bad);
  const values: Record<string, unknown> = {};
  for (const name of ['port', 'scheme', 'path'] as const) {
    const parsed = community[name];
    if (parsed === undefined || own.bad.has(name)) continue;
    if (parsed.ok) {
      values[name] = parsed.value;
      continue;
    }
    bad.add(name);
    problems.push(badValue(community.keys[name] ?? name, parsed));
  }
  if (community.params !== undefined && !own.bad.has('params')) values['params'] = community.params;
  const ownValues = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  const place = (name: TargetAttribute): string =>
    own[name] === undefined && values[name] !== undefined
      ? (community.keys[name] ?? own.place(name))
      : own.place(name);
  return {
    ...values,
    ...(ownValues as unknown as TargetRequest),
    bad,
    place,
    ...(Object.keys(values).length === 0 ? {} : { describedByOwner: true }),
  };
}
