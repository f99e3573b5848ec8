import Type from 'typebox';

import { DEFAULTS, ENTRY_DEFAULTS } from './defaults.ts';
import { closed, DNS_LABEL, EXPECTED } from './schema-parts.ts';

const own = ENTRY_DEFAULTS.workloadKind;

/** Plain words only: the path becomes part of a CEL expression and is walked by name. */
const ObjectPath = (more: object) =>
  Type.String({
    maxLength: 253,
    pattern: '^[a-zA-Z][a-zA-Z0-9]*(\\.[a-zA-Z][a-zA-Z0-9]*)*$',
    [EXPECTED]: 'path of plain words such as spec.template',
    ...more,
  });

const WorkloadKind = Type.Object(
  {
    group: Type.String({
      maxLength: 253,
      pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?$',
      [EXPECTED]: 'API group such as argoproj.io',
      description: 'API group; empty for the core group.',
    }),
    version: Type.String({
      maxLength: 63,
      pattern: DNS_LABEL,
      [EXPECTED]: 'API version such as v1alpha1',
      description: 'API version; objects sent in another one are converted by the apiserver.',
    }),
    kind: Type.String({
      maxLength: 63,
      pattern: '^[A-Z][a-zA-Z0-9]*$',
      [EXPECTED]: 'kind such as Rollout',
      description: 'Kind.',
    }),
    resource: Type.String({
      maxLength: 63,
      pattern: DNS_LABEL,
      [EXPECTED]: 'resource in lower-case plural such as rollouts',
      description: 'Resource, in lower-case plural.',
    }),
    template: Type.Optional(
      ObjectPath({ default: own.template, description: 'Where the pod template stands in the object.' }),
    ),
    metadata: Type.Optional(
      Type.Array(ObjectPath({}), {
        default: own.metadata,
        description:
          'Where else in the object metadata stands whose keys are a request too; the object’s own always is one.',
      }),
    ),
    immutableTemplate: Type.Optional(
      Type.Boolean({
        default: own.immutableTemplate,
        description: 'The pod template can never change after creation: updates are left alone.',
      }),
    ),
  },
  closed,
);

export const WorkloadKinds = Type.Array(WorkloadKind, {
  default: DEFAULTS.workloadKinds,
  description:
    'Further kinds that carry a pod template, beside Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job and CronJob.',
  examples: [[{ group: 'argoproj.io', version: 'v1alpha1', kind: 'Rollout', resource: 'rollouts' }]],
});
