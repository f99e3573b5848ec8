import Type from 'typebox';

/**
 * The keyword of a schema that says in words what its `pattern` admits: `... is no <expected>`. Validation ignores it.
 */
export const EXPECTED = 'expected';

/** A mapping that has the keys listed and no others. */
export const closed = { additionalProperties: false } as const;

/** A DNS name in lower case, which may stand before the `/` of an annotation. */
export const DNS_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

export const Quantity = (description: string, example: string, value?: string) =>
  Type.String({
    ...(value !== undefined && { default: value }),
    pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$',
    [EXPECTED]: `Kubernetes quantity such as ${example}`,
    description,
  });

/** A quantity of bytes: thousandths of them, which `m` stands for, are always a slip for `Mi`. */
export const Bytes = (description: string, example: string, value?: string) =>
  Type.String({
    ...(value !== undefined && { default: value }),
    pattern: '^[0-9]+(\\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$',
    [EXPECTED]: `quantity of bytes such as ${example}`,
    description,
  });

/** The name of a namespace, of a policy and the like. */
export const Label = (what: string, description?: string) =>
  Type.String({
    maxLength: 63,
    pattern: DNS_LABEL,
    [EXPECTED]: what,
    ...(description !== undefined && { description }),
  });

export const ProfileName = (description: string, example?: string) =>
  Type.String({ minLength: 1, description, ...(example !== undefined && { examples: [example] }) });
