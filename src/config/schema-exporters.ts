import Type from 'typebox';

import type { ExporterEnv } from '../core/profile.ts';
import { ENTRY_DEFAULTS } from './defaults.ts';
import { Bytes, closed, EXPECTED, Line, NEVER, Quantity, Removable, Text } from './schema-parts.ts';

const own = ENTRY_DEFAULTS.exporter;

const Env = (expected: string) =>
  Type.Unsafe<ExporterEnv>({
    ...Type.Object(
      {
        name: Type.String({ description: 'Variable.' }),
        value: Type.Optional(Text('Value.')),
        secret: Type.Optional(Type.Unsafe<true>({ type: 'boolean', enum: [true] })),
      },
      closed,
    ),
    [EXPECTED]: expected,
  });

const Args = (description: string) => Type.Array(Line('Argument.', 4096), { description });
const Envs = (description: string, expected: string) => Type.Array(Env(expected), { description });

const Settings = (description: string) =>
  Removable(
    Type.Object(
      {
        env: Type.Optional(Envs('Variables.', '{name, value} or {name, secret: true}')),
        args: Type.Optional(Args('Arguments.')),
      },
      { ...closed, [EXPECTED]: 'mapping of env and args', description },
    ),
  );

const Connection = Type.Object(
  {
    example: Type.Optional(
      Line('How an address is written, for messages, such as 127.0.0.1:6379. A new one needs it.'),
    ),
    form: Type.Optional(
      Type.Enum(['uri', 'host-port', 'any'], {
        default: ENTRY_DEFAULTS.connection.form,
        description: 'What an address must be: with a scheme, without one, or either.',
      }),
    ),
    defaultAddress: Removable(
      Line('What it connects to when the Pod names nothing; without it, the Pod must.', 2048),
    ),
    secretHolds: Removable(Line('What the key of the Secret holds, for messages, such as the password.')),
    address: Settings(
      'What the exporter gets with an address alone, or with the default one. {address} is it.',
    ),
    secret: Settings(
      'What it gets with a Secret alone; env entries of secret: true are the key that the Pod names.',
    ),
    both: Settings('What it gets with both.'),
  },
  {
    ...closed,
    description:
      'What the exporter connects to, and how it is told: a Pod names an address, a Secret, or both. A way that is left out is refused.',
  },
);

const Mapping = Type.Object(
  {
    arg: Type.Optional(
      Line('The argument that names the file, which {file} stands for, such as --config={file}.', 4096),
    ),
    directory: Type.Optional(
      Type.String({
        maxLength: 1024,
        [EXPECTED]: 'absolute path',
        description: 'Directory of its own, such as /etc/podscrape/NAME.',
      }),
    ),
    file: Type.Optional(
      Type.String({
        maxLength: 253,
        pattern: '^[A-Za-z0-9_][-A-Za-z0-9_.]*$',
        [EXPECTED]: 'plain file name such as mapping.yaml',
        description: 'Name of the file.',
      }),
    ),
    format: Type.Optional(
      Type.Enum(['statsd', 'text'], {
        default: ENTRY_DEFAULTS.mapping.format,
        description:
          'statsd: a statsd_exporter mapping, which is checked, and which a Pod may replace. text: as it is.',
      }),
    ),
  },
  { ...closed, description: 'A file that profiles bring along, and how the exporter is told of it.' },
);

const ExporterPort = (description: string) =>
  Type.Integer({ minimum: 1024, maximum: 65535, description: `${description} Lower ones are root’s.` });

/** Decided by podscrape alone, so that a sidecar can never do more than Pod Security `restricted` allows. */
const DECIDED_BY_PODSCRAPE = {
  command: 'a sidecar runs what its image starts; args are arguments to that',
  securityContext: 'a sidecar always has what Pod Security restricted asks for; only runAsUser can be set',
  podSecurityContext: 'a sidecar always has what Pod Security restricted asks for; only runAsUser can be set',
  privileged: 'a sidecar always has what Pod Security restricted asks for',
  capabilities: 'a sidecar always has what Pod Security restricted asks for',
  volumes: 'a sidecar gets no volumes but the file of its mapping',
  volumeMounts: 'a sidecar gets no volumes but the file of its mapping',
  hostPath: 'a sidecar sees nothing of the node’s files',
  hostNetwork: 'a sidecar has the network of its Pod',
  envFrom: 'a sidecar gets single variables: env, and connection for Secrets',
  livenessProbe: 'an exporter never stands in its application’s way',
  readinessProbe: 'an exporter never stands in its application’s way',
  startupProbe: 'an exporter never stands in its application’s way',
  lifecycle: 'an exporter never stands in its application’s way',
  imagePullPolicy: 'it is IfNotPresent',
};

const ExporterSettings = Type.Object(
  {
    image: Type.Optional(
      Type.String({
        maxLength: 512,
        // distribution/reference: a registry with its port, path elements, tag, digest.
        pattern:
          '^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*(:[0-9]{1,5})?/)?' +
          '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*' +
          '(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?$',
        [EXPECTED]: 'image reference such as quay.io/prometheus/statsd-exporter:v0.31.0',
        description:
          'Image, with a tag or digest; without one it is what latest happens to be. A new exporter needs it.',
      }),
    ),
    imageNames: Type.Optional(
      Type.Array(
        Type.String({
          maxLength: 128,
          pattern: '^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$',
          [EXPECTED]: 'last path element of an image such as statsd-exporter',
          description: 'Last path element.',
        }),
        {
          description:
            'Last path elements of images that are this exporter, so that a Pod that has one already gets no second one. A new exporter has its own image’s.',
        },
      ),
    ),
    port: Type.Optional(ExporterPort('Where it serves metrics. A new exporter needs it.')),
    path: Type.Optional(
      Type.String({ default: own.path, [EXPECTED]: 'absolute path', description: 'Path of the metrics.' }),
    ),
    ingestPort: Removable(
      ExporterPort('Where the application sends to, on loopback; never declared on the container.'),
    ),
    args: Type.Optional(
      Type.Array(Line('Argument.', 4096), {
        default: own.args,
        description:
          'Arguments. {port} and {ingest} are replaced, by the ports that are free in the Pod: an exporter that is not told its port cannot move.',
      }),
    ),
    env: Removable(Envs('Variables that it always gets. {port} and {ingest} are replaced.', '{name, value}')),
    connection: Removable(Connection),
    external: Removable(
      Type.Boolean({
        description: 'The cluster may have one of its own: a Pod that names an address gets no sidecar.',
      }),
    ),
    mapping: Removable(Mapping),
    runAsUser: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2147483647,
        [EXPECTED]: 'whole number, 1 to 2147483647',
        description:
          'The image’s user as a number, never 0, which is root. A new exporter needs it: under runAsNonRoot the kubelet refuses an image whose user is a name.',
      }),
    ),
    cpuRequest: Type.Optional(Quantity(`CPU request; ${own.cpuRequest} for a new exporter.`, own.cpuRequest)),
    cpuLimit: Type.Optional(Quantity(`CPU limit; ${own.cpuLimit} for a new exporter.`, own.cpuLimit)),
    memoryRequest: Type.Optional(
      Bytes(`Memory request; ${own.memoryRequest} for a new exporter.`, own.memoryRequest),
    ),
    memoryLimit: Type.Optional(
      Bytes(
        `Memory limit, which one in Go is told to stay below; ${own.memoryLimit} for a new exporter.`,
        own.memoryLimit,
      ),
    ),
    go: Type.Optional(
      Type.Boolean({
        default: own.go,
        description: 'Written in Go: it is told its memory limit (GOMEMLIMIT).',
      }),
    ),
    honorLabels: Removable(
      Type.Boolean({ description: 'Its series have labels of their own that Prometheus must keep.' }),
    ),
    oneReplica: Removable(
      Line('Why one replica is enough; told as a warning on workloads with several.', 200),
    ),
  },
  { ...closed, [NEVER]: DECIDED_BY_PODSCRAPE },
);

export const Exporters = Type.Record(Type.String(), ExporterSettings, {
  description:
    'Exporters by name, which is the container’s name. Under the name of a built-in one, what is given here replaces it key by key, lists and texts as a whole, and null takes a key out. Any other name is a new exporter, which profiles use; it needs image, port and runAsUser, and has the resources of the built-in ones unless it says otherwise. Command, security context, volumes and host paths are never configurable.',
  examples: [
    {
      'statsd-exporter': { cpuLimit: '200m', memoryLimit: '256Mi' },
      'memcached-exporter': {
        image: 'quay.io/prometheus/memcached-exporter:v0.18.0',
        port: 9150,
        runAsUser: 65534,
        args: ['--web.listen-address=:{port}'],
        connection: {
          example: '127.0.0.1:11211',
          form: 'host-port',
          defaultAddress: '127.0.0.1:11211',
          address: { args: ['--memcached.address={address}'] },
        },
      },
    },
  ],
});

export const ImageRegistry = Type.String({
  maxLength: 253,
  pattern:
    '^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*' +
    '(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-5][0-9]{3}))?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$',
  [EXPECTED]:
    'registry such as registry.example.com or registry.example.com:5000/mirror, without a / at its end',
  description:
    'A mirror: every exporter image comes from here instead of its own registry, with the rest of its path kept (quay.io/prometheus/statsd-exporter:v0.31.0 from registry.example.com/mirror/prometheus/statsd-exporter:v0.31.0). An image that is under it already stays.',
  examples: ['registry.example.com/mirror'],
});
