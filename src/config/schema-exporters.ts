import Type from 'typebox';

import { DEFAULTS } from './defaults.ts';
import { Bytes, closed, EXPECTED, Quantity } from './schema-parts.ts';

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
        description: 'Image, with a tag or digest; without one it is what latest happens to be.',
      }),
    ),
    cpuRequest: Type.Optional(Quantity('CPU request.', '10m')),
    cpuLimit: Type.Optional(Quantity('CPU limit.', '100m')),
    memoryRequest: Type.Optional(Bytes('Memory request.', '32Mi')),
    memoryLimit: Type.Optional(Bytes('Memory limit; the exporter is told to stay below it.', '128Mi')),
  },
  closed,
);

export const Exporters = Type.Record(Type.String(), ExporterSettings, {
  description:
    'Settings by exporter name, such as statsd-exporter; what is left out stays as it comes with the exporter.',
  examples: [{ 'statsd-exporter': { cpuLimit: '200m', memoryLimit: '256Mi' } }],
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

const Bounds = (
  quantity: typeof Quantity,
  what: string,
  { min, max }: { readonly min: string; readonly max: string },
) =>
  Type.Object(
    {
      min: Type.Optional(quantity(`Least ${what} that a Pod may ask for.`, min, min)),
      max: Type.Optional(quantity(`Most ${what} that a Pod may ask for.`, max, max)),
    },
    closed,
  );

export const ExporterBounds = Type.Object(
  {
    cpu: Type.Optional(Bounds(Quantity, 'CPU', DEFAULTS.exporterBounds.cpu)),
    memory: Type.Optional(Bounds(Bytes, 'memory', DEFAULTS.exporterBounds.memory)),
  },
  {
    ...closed,
    description:
      'What a Pod may ask for its exporter by annotation, as request or limit; the exporters’ own settings are the administrator’s and not bound by it.',
    examples: [{ cpu: { max: '500m' }, memory: { min: '16Mi', max: '512Mi' } }],
  },
);
