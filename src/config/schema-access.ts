import Type from 'typebox';

import type { SecretKey as SecretKeyType, SecretOrConfigMap as EitherType } from '../core/access.ts';
import { closed, DNS_NAME, EXPECTED, Line, Removable } from './schema-parts.ts';

/**
 * How Prometheus proves itself to a target: the fields of a PodMonitor's endpoint, of the same names and shapes. Only
 * references; a secret itself has no place in the configuration.
 */

const keyOf = (what: string) =>
  Type.Object(
    {
      name: Type.String({
        maxLength: 253,
        pattern: DNS_NAME,
        [EXPECTED]: `name of a ${what} such as scrape-token`,
      }),
      key: Type.String({
        maxLength: 253,
        pattern: '^[-._a-zA-Z0-9]+$',
        [EXPECTED]: `key of a ${what} such as token`,
      }),
    },
    closed,
  );

const SecretKey = (description: string) =>
  Type.Unsafe<SecretKeyType>({
    ...keyOf('Secret'),
    [EXPECTED]: 'key of a Secret: {name, key}',
    description,
  });

const SecretOrConfigMap = (description: string) =>
  Type.Unsafe<EitherType>({
    ...Type.Object(
      { secret: Type.Optional(keyOf('Secret')), configMap: Type.Optional(keyOf('ConfigMap')) },
      closed,
    ),
    [EXPECTED]: 'key of a Secret or of a ConfigMap: {secret: {name, key}} or {configMap: {name, key}}',
    description,
  });

const TlsConfig = Type.Object(
  {
    ca: Type.Optional(SecretOrConfigMap('The authority that signed the target’s certificate.')),
    cert: Type.Optional(SecretOrConfigMap('The client’s certificate.')),
    keySecret: Type.Optional(SecretKey('The client’s private key.')),
    serverName: Type.Optional(Line('Name that the target’s certificate has.', 253)),
    insecureSkipVerify: Type.Optional(Type.Boolean({ description: 'Take any certificate.' })),
  },
  { ...closed, description: 'TLS towards the target.' },
);

const BasicAuth = Type.Object(
  { username: SecretKey('User name.'), password: SecretKey('Password.') },
  { ...closed, description: 'HTTP basic authentication.' },
);

const Authorization = Type.Object(
  {
    type: Type.Optional(
      Type.String({
        maxLength: 64,
        pattern: '^[A-Za-z0-9!#$%&*+.^_`|~-]+$',
        [EXPECTED]: 'authentication scheme such as Bearer',
        description: 'Authentication scheme; Bearer when left out. For Basic there is basicAuth.',
      }),
    ),
    credentials: SecretKey('What follows the scheme.'),
  },
  { ...closed, description: 'An Authorization header.' },
);

const OAuth2 = Type.Object(
  {
    clientId: SecretOrConfigMap('Client id.'),
    clientSecret: SecretKey('Client secret.'),
    tokenUrl: Type.String({
      maxLength: 2048,
      pattern: '^https?://[^\\s]+$',
      [EXPECTED]: 'URL such as https://login.example.com/token',
      description: 'Where tokens come from.',
    }),
    scopes: Type.Optional(Type.Array(Line('Scope.'), { description: 'Scopes to ask for.' })),
    endpointParams: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        [EXPECTED]: 'mapping of names and values',
        description: 'Parameters for the token URL.',
      }),
    ),
  },
  { ...closed, description: 'OAuth 2.0, client credentials.' },
);

/** Keys of a profile; at most one of the last three. */
export const ACCESS = {
  tlsConfig: Removable(TlsConfig),
  basicAuth: Removable(BasicAuth),
  authorization: Removable(Authorization),
  oauth2: Removable(OAuth2),
} as const;
