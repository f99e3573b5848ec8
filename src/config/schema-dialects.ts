import Type from 'typebox';

import { DEFAULTS, ENTRY_DEFAULTS } from './defaults.ts';
import { closed, DNS_NAME, EXPECTED } from './schema-parts.ts';

const Dialect = Type.Object(
  {
    prefix: Type.String({
      maxLength: 253,
      pattern: DNS_NAME,
      [EXPECTED]: 'DNS name in lower case such as customized.prometheus',
      description:
        'Prefix of the annotations: scrape, scheme, path, port. k8s.grafana.com has keys of its own.',
    }),
    instead: Type.Optional(
      Type.Boolean({
        default: ENTRY_DEFAULTS.dialect.instead,
        description: 'true on any entry: prometheus.io is not written at all.',
      }),
    ),
  },
  closed,
);

export const Dialects = Type.Array(Dialect, {
  default: DEFAULTS.dialects,
  description: 'Families of annotations that are written beside prometheus.io.',
  examples: [[{ prefix: 'customized.prometheus' }]],
});
