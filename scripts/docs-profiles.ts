import type { AppEnv, Connection, Exporter, Profile } from '../src/core/profile.ts';
import { DEFAULTS } from '../src/config/defaults.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../src/profiles/index.ts';
import { blocks, code, codes, generatedFrom, table } from './docs-markdown.ts';

const PREFIX = DEFAULTS.annotationPrefix;

/** The text of docs/profiles.md. */
export function profilesPage(): string {
  return blocks(
    generatedFrom('src/profiles'),
    '# Profiles and exporters',
    `What ${code(`${PREFIX}/profile`)} may say. The configuration can change each of them and add others under the same keys: ${code('podscrape profiles -o yaml')} prints them in the form of the configuration file, and [examples/profiles](../examples/profiles) has some that are not built in. [exporters.md](exporters.md) tells what a sidecar does to a Pod.`,
    '## Profiles',
    table(['profile', 'for', 'target', 'sets in the application'], BUILT_IN_PROFILES.map(profileRow)),
    '## Exporters',
    table(
      ['exporter', 'image', 'user', 'requests', 'limits'],
      BUILT_IN_EXPORTERS.map(({ name, image, runAsUser, resources: of }) => [
        code(name),
        code(image),
        String(runAsUser),
        `${of.cpuRequest}, ${of.memoryRequest}`,
        `${of.cpuLimit}, ${of.memoryLimit}`,
      ]),
    ),
    '## What an exporter connects to',
    `${code(`${PREFIX}/exporter-address`)} is an address or URI, ${code(`${PREFIX}/exporter-secret`)} is ${code('NAME/KEY')} of a Secret in the Pod’s namespace. podscrape only refers to the Secret; it never reads it. A Secret that is not there yet does not keep the Pod from starting.`,
    table(
      ['exporter', 'by itself', 'address alone', 'Secret alone', 'both'],
      BUILT_IN_EXPORTERS.flatMap(connectionRow),
    ),
    ...notices(),
  );
}

function profileRow(profile: Profile): readonly string[] {
  return [code(profile.name), profile.summary, targets(profile), variables(profile)];
}

function targets({ target, exporter }: Profile): string {
  const parts: string[] = [];
  if (target !== undefined) parts.push(`application ${code(`:${target.port}${target.path}`)}`);
  const used = exporterOf(exporter?.exporter);
  if (used !== undefined) parts.push(`${used.name} ${code(`:${used.port}${used.path}`)}`);
  return parts.join(', ');
}

function exporterOf(name: string | undefined): Exporter | undefined {
  return BUILT_IN_EXPORTERS.find((exporter) => exporter.name === name);
}

/** With the ports that an exporter has where nobody else has them. */
function variables({ exporter }: Profile): string {
  const { ingestPort = 0, port = 0 } = exporterOf(exporter?.exporter) ?? {};
  const filled = (text: string): string =>
    text
      .replace('{ingest}', String(ingestPort))
      .replace('{port}', String(port))
      .replace('{url}', `http://127.0.0.1:${port}`);
  const told = (entry: AppEnv): string =>
    'append' in entry ? `${entry.name} += ${filled(entry.append)}` : `${entry.name}=${filled(entry.value)}`;
  return codes((exporter?.appEnv ?? []).map(told));
}

function connectionRow({ name, connection, external }: Exporter): readonly (readonly string[])[] {
  if (external === true)
    return [[code(name), 'a sidecar', 'no sidecar: the application is pointed there', 'no', 'no']];
  if (connection === undefined) return [];
  const { defaultAddress } = connection;
  const alone = defaultAddress === undefined ? 'refused: one of the two is needed' : code(defaultAddress);
  const ways = (['address', 'secret', 'both'] as const).map((way) => settings(connection, way));
  return [[code(name), alone, ...ways]];
}

function settings(connection: Connection, way: 'address' | 'secret' | 'both'): string {
  const { env = [], args = [] } = connection[way] ?? {};
  // Beside an address it may be a part of that only: the password instead of the whole DSN.
  const alone = way === 'secret' ? connection.secretHolds : undefined;
  const holds = alone === undefined ? 'the Secret’s key' : `the Secret’s key (${alone})`;
  const told = env.map((entry) =>
    'secret' in entry ? `${code(entry.name)} from ${holds}` : code(`${entry.name}=${entry.value}`),
  );
  return [...told, ...(args.length === 0 ? [] : [codes(args)])].join(', ') || 'refused';
}

function notices(): readonly string[] {
  const said = BUILT_IN_PROFILES.flatMap(({ name, notice }) =>
    notice === undefined ? [] : [`- ${code(name)}: ${notice}`],
  );
  const single = BUILT_IN_EXPORTERS.flatMap(({ name, oneReplica }) =>
    oneReplica === undefined ? [] : [`- ${code(name)}: ${oneReplica}; use it in a workload of one replica.`],
  );
  const all = [...said, ...single];
  return all.length === 0 ? [] : ['## To know', all.join('\n')];
}
