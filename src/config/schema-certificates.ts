import Type from 'typebox';

import { DEFAULTS } from './defaults.ts';
import { closed, EXPECTED } from './schema-parts.ts';

const Life = (value: string, description: string) =>
  Type.String({ default: value, [EXPECTED]: 'Prometheus duration such as 90d', description });

export const Certificates = Type.Object(
  {
    life: Type.Optional(
      Life(
        DEFAULTS.certificates.life,
        'How long a certificate lives that podscrape makes for itself. It is renewed when two thirds of that are over.',
      ),
    ),
    authorityLife: Type.Optional(
      Life(
        DEFAULTS.certificates.authorityLife,
        'How long the authority behind it lives; not less than life. It is renewed in the same way.',
      ),
    ),
  },
  {
    ...closed,
    description: 'Certificates that podscrape keeps in a Secret: serve --cert-secret.',
    examples: [{ life: '30d', authorityLife: '365d' }],
  },
);
