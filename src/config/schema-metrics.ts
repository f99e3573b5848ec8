import Type from 'typebox';

import { DEFAULTS } from './defaults.ts';
import { closed } from './schema-parts.ts';

export const MetricsSettings = Type.Object(
  {
    namespaceLabel: Type.Optional(
      Type.Boolean({
        default: DEFAULTS.metrics.namespaceLabel,
        description:
          'Count decisions by namespace too: 1,000 namespaces by their names, those that come after them as other.',
      }),
    ),
  },
  { ...closed, description: 'What /metrics tells.', examples: [{ namespaceLabel: true }] },
);
