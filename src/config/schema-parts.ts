import Type from 'typebox';

/**
 * The keyword of a schema that says in words what its `pattern` admits: `... is no <expected>`. Validation ignores it.
 */
export const EXPECTED = 'expected';

/** The keyword of a mapping's schema for keys that it will never have: each with the reason. Validation ignores it. */
export const NEVER = 'never';

/** A mapping that has the keys listed and no others. */
export const closed = { additionalProperties: false } as const;

/** A DNS name in lower case, which may stand before the `/` of an annotation. */
export const DNS_NAME = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';
export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

/** A key that may be left out, and that `null` takes out of what comes with podscrape. */
export const Removable = <T extends Type.TSchema>(schema: T) =>
  Type.Optional(Type.Unsafe<Type.Static<T> | null>({ ...schema, nullable: true }));

/** A text for a message or an argument: one line. */
export const Line = (description: string, maxLength = 1024) =>
  Type.String({
    minLength: 1,
    maxLength,
    pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$',
    [EXPECTED]: 'line of text',
    description,
  });

/** A text that may have line ends and tabs, and no other control characters. */
export const Text = (description: string, maxLength = 65536) =>
  Type.String({
    maxLength,
    pattern: '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f]*$',
    [EXPECTED]: 'text without control characters',
    description,
  });

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
