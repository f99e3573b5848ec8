// What podscrape may write, said once more and in other words than the engine's: whatever a Pod asks for, the
// difference stays inside this.
import { isDeepStrictEqual } from 'node:util';

import type { EngineConfig } from '../../src/core/engine-config.ts';
import type { Container, EnvVar, Pod, Volume } from '../../src/core/kubernetes.ts';
import type { ConnectionSettings, Exporter } from '../../src/core/profile.ts';

type Data = Readonly<Record<string, unknown>>;

const WRITTEN_KEYS = [
  /^kubectl\.kubernetes\.io\/default-container$/,
  /^prometheus\.istio\.io\/scrape-targets$/,
];
const SCRAPE_KEYS = /^(scrape|scheme|path|port|param_.*|metrics\.([A-Za-z]+|param_.*))$/;

/** The first thing that changed between `before` and `after` and is not podscrape's to change; undefined if none is. */
export function foreignChange(before: Pod, after: Pod, config: EngineConfig): string | undefined {
  return (
    differs('the Pod', before, after, ['metadata', 'spec']) ??
    differs('metadata', before.metadata, after.metadata, ['annotations']) ??
    differs('spec', before.spec, after.spec, ['containers', 'initContainers', 'volumes']) ??
    annotationFault(before, after, config) ??
    containersFault(before.spec.containers, after.spec.containers, config, false) ??
    containersFault(before.spec.initContainers, after.spec.initContainers, config, true) ??
    volumesFault(before, after)
  );
}

function differs(what: string, before: unknown, after: unknown, but: readonly string[]): string | undefined {
  const [a, b] = [before ?? {}, after ?? {}] as [Data, Data];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!but.includes(key) && !isDeepStrictEqual(a[key], b[key])) return `${key} of ${what} has changed`;
  }
  return undefined;
}

function annotationFault(before: Pod, after: Pod, config: EngineConfig): string | undefined {
  const [a, b] = [before.metadata?.annotations ?? {}, after.metadata?.annotations ?? {}];
  const families = ['prometheus.io', 'k8s.grafana.com', ...config.dialects.map(({ prefix }) => prefix)];
  const isScrape = (key: string): boolean =>
    families.some((family) => key.startsWith(`${family}/`) && SCRAPE_KEYS.test(key.slice(family.length + 1)));
  const isOurs = (key: string): boolean =>
    key === `${config.annotationPrefix}/status` ||
    new RegExp(`^${literal(config.annotationPrefix)}/mapping(-[0-9a-f]{8})?$`).test(key);
  for (const [key, value] of Object.entries(b)) {
    if (a[key] === value) continue;
    const isNew = a[key] === undefined;
    const may = isOurs(key) || isScrape(key) || (isNew && WRITTEN_KEYS.some((known) => known.test(key)));
    if (!may) return `the annotation ${JSON.stringify(key)} is written`;
  }
  const gone = Object.keys(a).find(
    (key) => b[key] === undefined && !families.some((family) => key.startsWith(`${family}.`)),
  );
  return gone === undefined ? undefined : `the annotation ${JSON.stringify(gone)} is gone`;
}

function containersFault(
  before: readonly Container[] | null | undefined,
  after: readonly Container[] | null | undefined,
  config: EngineConfig,
  init: boolean,
): string | undefined {
  const [a, b] = [before ?? [], after ?? []];
  for (const [index, container] of a.entries()) {
    const fault = ownersContainerFault(container, b[index], config);
    if (fault !== undefined) return fault;
  }
  for (const container of b.slice(a.length)) {
    const fault = sidecarFault(container, config, init);
    if (fault !== undefined) return `${fault} of the container ${container.name}`;
  }
  return undefined;
}

function ownersContainerFault(
  before: Container,
  after: Container | undefined,
  config: EngineConfig,
): string | undefined {
  if (after === undefined) return `the container ${before.name} is gone`;
  const fault = differs(`the container ${before.name}`, before, after, ['ports', 'env']);
  if (fault !== undefined) return fault;
  const ports = after.ports ?? [];
  for (const [index, port] of (before.ports ?? []).entries()) {
    const { name, ...rest } = ports[index] ?? { containerPort: 0 };
    const { name: had, ...was } = port;
    if (!isDeepStrictEqual(rest, was) || (had && had !== name)) return `a port of ${before.name} has changed`;
  }
  for (const port of ports.slice((before.ports ?? []).length)) {
    const keys = Object.keys(port).sort().join();
    if (!['containerPort,name,protocol', 'containerPort,protocol'].includes(keys) || port.protocol !== 'TCP')
      return `a port with ${keys} is added to ${before.name}`;
  }
  return appEnvFault(before, after, config);
}

function appEnvFault(before: Container, after: Container, config: EngineConfig): string | undefined {
  const known = new Set(
    [...config.profiles.values()].flatMap(({ exporter }) => exporter?.appEnv.map(({ name }) => name) ?? []),
  );
  const had = before.env ?? [];
  for (const [index, entry] of (after.env ?? []).entries()) {
    const was = had[index];
    if (was !== undefined && isDeepStrictEqual(was, entry)) continue;
    if (!known.has(entry.name)) return `the variable ${entry.name} of ${before.name} is written`;
    if (was !== undefined && (was.name !== entry.name || !(entry.value ?? '').startsWith(was.value ?? '')))
      return `the variable ${was.name} of ${before.name} has changed`;
    if (Object.keys(entry).some((key) => !['name', 'value'].includes(key)))
      return `the variable ${entry.name} of ${before.name} is more than text`;
  }
  return (after.env ?? []).length < had.length ? `a variable of ${before.name} is gone` : undefined;
}

const SIDECAR_FIELDS = [
  ...['name', 'image', 'imagePullPolicy', 'args', 'ports', 'env', 'resources', 'volumeMounts'],
  ...['securityContext', 'restartPolicy'],
];

/** Of an exporter nothing but address, Secret, resources and ports comes from the Pod. */
function sidecarFault(container: Container, config: EngineConfig, init: boolean): string | undefined {
  const exporter = config.exporters.get(container.name);
  if (exporter === undefined) return 'the name is no exporter’s';
  const extra = Object.keys(container).find((key) => !SIDECAR_FIELDS.includes(key));
  if (extra !== undefined) return `the field ${extra}`;
  if (container.image !== exporter.image) return 'the image';
  if (container.restartPolicy !== (init ? 'Always' : undefined)) return 'the restart policy';
  const context = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    ...(config.openshift ? {} : { runAsUser: exporter.runAsUser }),
    seccompProfile: { type: 'RuntimeDefault' },
  };
  if (!isDeepStrictEqual(container.securityContext, context)) return 'the security context';
  const templates = argumentTemplates(exporter, config);
  const arg = (container.args ?? []).find((text) => !templates.some((template) => template.test(text)));
  if (arg !== undefined) return `the argument ${JSON.stringify(arg.slice(0, 80))}`;
  const mounts = (container.volumeMounts ?? []).find(
    ({ name, mountPath, readOnly }) =>
      !/^podscrape-(no-token|mapping)(-\d+)?$/.test(name) ||
      readOnly !== true ||
      ![exporter.mapping?.directory, '/var/run/secrets/kubernetes.io/serviceaccount'].includes(mountPath),
  );
  if (mounts !== undefined) return `the mount ${mounts.name} at ${mounts.mountPath}`;
  return (container.env ?? []).map((entry) => envFault(entry, exporter)).find((fault) => fault !== undefined);
}

function settingsOf({ connection }: Exporter): readonly ConnectionSettings[] {
  return [connection?.address, connection?.secret, connection?.both].filter((given) => given !== undefined);
}

function argumentTemplates(exporter: Exporter, config: EngineConfig): readonly RegExp[] {
  const texts = [
    ...exporter.args,
    ...settingsOf(exporter).flatMap(({ args }) => args ?? []),
    ...(exporter.mapping === undefined ? [] : [exporter.mapping.arg]),
    ...[...config.profiles.values()].flatMap(({ exporter: use }) =>
      use?.exporter === exporter.name ? (use.args ?? []) : [],
    ),
  ];
  return texts.map((text) => {
    const parts = text.split(/\{(?:port|ingest|address|file)\}/).map(literal);
    return new RegExp(`^${parts.join('[\\x20-\\x7e]*')}$`);
  });
}

function envFault({ name, value, valueFrom, ...rest }: EnvVar, exporter: Exporter): string | undefined {
  if (Object.keys(rest).length > 0) return `the variable ${name} has more than a value`;
  const rows = [...(exporter.env ?? []), ...settingsOf(exporter).flatMap(({ env }) => env ?? [])].filter(
    (entry) => entry.name === name,
  );
  if (name === 'GOMEMLIMIT') return /^\d+MiB$/.test(value ?? '') ? undefined : 'GOMEMLIMIT';
  if (rows.length === 0) return `the variable ${name}`;
  if (valueFrom === undefined) return undefined;
  const { secretKeyRef, ...others } = valueFrom as { secretKeyRef?: Data };
  const isReference =
    rows.some((entry) => 'secret' in entry) &&
    Object.keys(others).length === 0 &&
    Object.keys(secretKeyRef ?? {})
      .sort()
      .join() === 'key,name,optional' &&
    secretKeyRef?.['optional'] === true;
  return isReference ? undefined : `the variable ${name} is read from elsewhere`;
}

function volumesFault(before: Pod, after: Pod): string | undefined {
  const [a, b] = [before.spec.volumes ?? [], after.spec.volumes ?? []];
  if (!isDeepStrictEqual(a, b.slice(0, a.length))) return 'a volume has changed';
  return b
    .slice(a.length)
    .map(volumeFault)
    .find((fault) => fault !== undefined);
}

function volumeFault(volume: Volume): string | undefined {
  const { name, ...source } = volume as Volume & Data;
  if (!/^podscrape-(no-token|mapping)(-\d+)?$/.test(name)) return `the volume ${name}`;
  const sources = Object.keys(source).join();
  if (sources === 'downwardAPI') return downwardFault(name, source['downwardAPI'] as Data);
  if (sources !== 'projected') return `the volume ${name} is ${sources}`;
  const projected = source['projected'] as { sources: readonly Data[] };
  const kinds = projected.sources.map((entry) => Object.keys(entry).join()).join();
  return kinds === 'downwardAPI,configMap' ? undefined : `the volume ${name} projects ${kinds}`;
}

/** A file of the Pod's own annotation, or nothing at all. */
function downwardFault(name: string, { items }: Data): string | undefined {
  const fields = ((items ?? []) as readonly { fieldRef?: { fieldPath?: string } }[]).map(
    ({ fieldRef }) => fieldRef?.fieldPath ?? '',
  );
  const other = fields.find(
    (path) => !/^metadata\.annotations\['[a-z.]+\/mapping(-[0-9a-f]{8})?'\]$/.test(path),
  );
  return other === undefined ? undefined : `the volume ${name} reads ${other}`;
}

/** The text as a regular expression that matches just it. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
