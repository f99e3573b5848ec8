import Type from 'typebox';

import type { AppEnv as AppEnvType } from '../core/profile.ts';
import { ENTRY_DEFAULTS } from './defaults.ts';
import { ACCESS } from './schema-access.ts';
import { closed, EXPECTED, Line, Removable, Text } from './schema-parts.ts';

const Target = Type.Object(
  {
    scheme: Type.Optional(
      Type.Enum(['http', 'https'], { default: ENTRY_DEFAULTS.target.scheme, description: 'Scheme.' }),
    ),
    path: Type.Optional(
      Type.String({ default: ENTRY_DEFAULTS.target.path, [EXPECTED]: 'absolute path', description: 'Path.' }),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65535, description: 'Port. A new target needs one.' }),
    ),
  },
  { ...closed, description: 'Where the application itself serves metrics.' },
);

const AppEnv = Type.Unsafe<AppEnvType>({
  ...Type.Object(
    {
      name: Type.String({ description: 'Variable.' }),
      value: Type.Optional(Text('Set where the application does not have the variable.')),
      append: Type.Optional(Text('Appended, after a blank, to the value that the application has.')),
      unless: Type.Optional(Line('Nothing is appended to a value that contains this.')),
    },
    closed,
  ),
  [EXPECTED]: '{name, value} or {name, append, unless}',
});

const ExporterUse = Type.Object(
  {
    exporter: Type.Optional(
      Type.String({
        minLength: 1,
        [EXPECTED]: 'name of an exporter',
        description: 'The exporter, built in or from exporters below.',
      }),
    ),
    mapping: Removable(
      Text(
        'Text that the exporter gets as a file; a statsd_exporter mapping is checked as it would check it.',
      ),
    ),
    args: Removable(
      Type.Array(Line('Argument.'), {
        description: 'Arguments after the exporter’s own. {port} and {ingest} are replaced.',
      }),
    ),
    appEnv: Type.Optional(
      Type.Array(AppEnv, {
        default: ENTRY_DEFAULTS.exporterUse.appEnv,
        description:
          'Variables for the application’s containers. {ingest} is the port that the exporter listens on for the application, {port} where it serves metrics, {url} its URL.',
      }),
    ),
  },
  { ...closed, description: 'The exporter that is added as a sidecar.' },
);

const Duration = (description: string) =>
  Type.String({ [EXPECTED]: 'Prometheus duration such as 15s, or inherit', description });

export const Profile = Type.Object(
  {
    summary: Type.Optional(Line('What it is for, in a sentence.', 200)),
    target: Removable(Target),
    exporter: Removable(ExporterUse),
    interval: Removable(Duration('Scrape interval of every target of the profile.')),
    timeout: Removable(Duration('Scrape timeout, at most the interval.')),
    ...ACCESS,
    notice: Removable(
      Line('What whoever uses the profile has to know; told as a warning each time. Best kept short.', 200),
    ),
  },
  closed,
);

export const Profiles = Type.Record(Type.String(), Profile, {
  description:
    'Profiles by name. Under the name of a built-in one, what is given here replaces it key by key, lists and texts as a whole, and null takes a key out. Any other name is a new profile and needs a target or an exporter. podscrape profiles -o yaml prints all of them in this form.',
  examples: [
    {
      payments: {
        summary: 'A payment service, which asks its scrapers for a token.',
        target: { scheme: 'https', path: '/internal/metrics', port: 8443 },
        interval: '30s',
        tlsConfig: { ca: { configMap: { name: 'internal-ca', key: 'ca.crt' } }, serverName: 'payments' },
        authorization: { credentials: { name: 'scrape-token', key: 'token' } },
      },
      'spring-boot': { target: { port: 9001 } },
    },
  ],
});
