import Type from 'typebox';

import { DEFAULTS } from './defaults.ts';
import { Bytes, closed, Quantity } from './schema-parts.ts';

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
