import Type from 'typebox';

import { POLICY_MODES } from '../core/policy.ts';
import { DEFAULTS, ENTRY_DEFAULTS } from './defaults.ts';
import { closed, EXPECTED, Label, ProfileName } from './schema-parts.ts';

const own = ENTRY_DEFAULTS.policy;

const LabelSelector = (description: string) =>
  Type.Object(
    {
      matchLabels: Type.Optional(
        Type.Record(Type.String(), Type.String(), {
          description: 'Labels and their values; all must match.',
        }),
      ),
      matchExpressions: Type.Optional(
        Type.Array(
          Type.Object(
            {
              key: Type.String({ description: 'Label.' }),
              operator: Type.Enum(['In', 'NotIn', 'Exists', 'DoesNotExist'], { description: 'Comparison.' }),
              values: Type.Optional(
                Type.Array(Type.String(), { description: 'For In and NotIn, at least one; else left out.' }),
              ),
            },
            closed,
          ),
          { description: 'Requirements; all must match.' },
        ),
      ),
    },
    { ...closed, description },
  );

const Severity = (description: string) => Type.Enum(['warn', 'deny'], { description });
const severity = Severity('What happens to what is off it.');

/** A mapping of one setting and its severity. */
const Convention = <K extends string, T extends Type.TSchema>(key: K, value: T, description: string) =>
  Type.Object({ [key]: value, severity } as Record<K, T> & { severity: typeof severity }, {
    ...closed,
    description,
  });

const Conventions = Type.Object(
  {
    requireRequest: Type.Optional(
      Severity(
        'Every Pod asks for monitoring or opts out. prometheus.io annotations alone are no request; a scrape of "false" opts out.',
      ),
    ),
    allowedProfiles: Type.Optional(
      Convention(
        'names',
        Type.Array(ProfileName('Profile.'), { minItems: 1, description: 'Profiles that may be asked for.' }),
        'Only these profiles.',
      ),
    ),
    allowedPorts: Type.Optional(
      Convention(
        'ranges',
        Type.Array(
          Type.Unsafe<number | string>({
            type: ['integer', 'string'],
            minimum: 1,
            maximum: 65535,
            pattern: '^[0-9]{1,5}(-[0-9]{1,5})?$',
            [EXPECTED]: 'port such as 8080 or range such as 9000-9999, within 1 to 65535',
            description: 'A port or a range, bounds included.',
          }),
          { minItems: 1, description: 'Ports and ranges of ports, bounds included.' },
        ),
        'Only these port numbers, for every target.',
      ),
    ),
    pathPattern: Type.Optional(
      Convention(
        'pattern',
        Type.String({
          minLength: 1,
          maxLength: 1024,
          description: 'Regular expression in RE2 syntax; it must match the whole path.',
        }),
        'Paths match a pattern.',
      ),
    ),
    minInterval: Type.Optional(
      Convention(
        'interval',
        Type.String({ [EXPECTED]: 'Prometheus duration such as 15s', description: 'Shortest interval.' }),
        'Nothing is scraped more often.',
      ),
    ),
    requireNamedPort: Type.Optional(
      Severity('Ports are asked for by name; a number stands only for a port that its owner named.'),
    ),
    noBadValues: Type.Optional(Severity('No request has a wrong value.')),
  },
  { ...closed, default: own.conventions, description: 'What Pods are asked to keep to.' },
);

const Exemption = Type.Object(
  {
    selector: LabelSelector(
      'On the labels of the Pod, of a workload on those of its pod template. Never empty.',
    ),
    until: Type.String({
      [EXPECTED]: 'moment such as 2027-01-31T12:00:00Z or 2027-01-31',
      description:
        'When the exemption ends: an RFC 3339 date and time such as 2027-01-31T12:00:00Z, or a date such as 2027-01-31, which means the end of that day in UTC.',
    }),
    reason: Type.String({
      pattern: '\\S',
      [EXPECTED]: 'reason: say in words why the exemption is there',
      description: 'Why.',
    }),
  },
  closed,
);

const Policy = Type.Object(
  {
    name: Label(
      'policy name: lower-case letters, digits and dashes',
      'Name, for messages, metrics and logs; unique.',
    ),
    namespaceSelector: LabelSelector('On the labels of the namespace. {} matches every namespace.'),
    mode: Type.Optional(
      Type.Enum([...POLICY_MODES], {
        default: own.mode,
        description:
          'audit: decide, log and count, change nothing. inject: do the work and keep quiet about conventions. warn: also warn about what is off them. enforce: also deny it.',
      }),
    ),
    allowOverride: Type.Optional(
      Type.Boolean({
        default: own.allowOverride,
        description: 'Whether a namespace’s mode label may loosen the mode, not only tighten it.',
      }),
    ),
    defaultProfile: Type.Optional(ProfileName('Profile of Pods that are in but ask for nothing.')),
    operatorMode: Type.Optional(
      Type.Boolean({ description: 'Whether targets become monitors where a Pod does not say.' }),
    ),
    conventions: Type.Optional(Conventions),
    exemptions: Type.Optional(
      Type.Array(Exemption, {
        default: own.exemptions,
        description: 'Objects that the conventions leave alone for a while.',
      }),
    ),
  },
  closed,
);

export const Policies = Type.Array(Policy, {
  default: DEFAULTS.policies,
  description:
    'What holds in which namespaces. The first whose selector matches a namespace’s labels is the one.',
  examples: [
    [
      {
        name: 'production',
        namespaceSelector: { matchLabels: { stage: 'production' } },
        mode: 'enforce',
        defaultProfile: 'http',
        conventions: {
          requireRequest: 'warn',
          allowedProfiles: { names: ['http', 'spring-boot', 'statsd'], severity: 'deny' },
          allowedPorts: { ranges: [8080, '9000-9999'], severity: 'deny' },
          pathPattern: { pattern: '/(actuator/)?(metrics|prometheus)', severity: 'warn' },
          minInterval: { interval: '15s', severity: 'warn' },
          noBadValues: 'deny',
        },
        exemptions: [
          {
            selector: { matchLabels: { app: 'legacy-billing' } },
            until: '2027-01-31',
            reason: 'is replaced in January',
          },
        ],
      },
      { name: 'everywhere-else', namespaceSelector: {}, mode: 'warn' },
    ],
  ],
});
