import { isRecord } from './record.ts';
import { clip, quoted, withoutControlCharacters } from './text.ts';

/** What is off with a value that is to be a Pod. */
export interface ShapeFault {
  /** Keys and indices from the root. */
  readonly path: readonly (string | number)[];
  /** Something must be there and is not: the value may be a part, such as a patch. Else it is of a wrong kind. */
  readonly isMissing: boolean;
  /** What is off, what is wanted, and what to do. */
  readonly message: string;
}

/** What a value is to be: whether it is, at once, and why it is not, for people. */
export interface Shape {
  readonly fits: (value: unknown) => boolean;
  readonly faults: (value: unknown) => readonly ShapeFault[];
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

const fault = (message: string): readonly ShapeFault[] => [{ path: [], isMissing: false, message }];
const missing = (message: string): readonly ShapeFault[] => [{ path: [], isMissing: true, message }];

/** The faults of what stands below a key or index. */
const below = (step: string | number, faults: readonly ShapeFault[]): readonly ShapeFault[] =>
  faults.map(({ path, ...rest }) => ({ path: [step, ...path], ...rest }));

/** A value as it is read, and how to have it read as a text. */
function said(value: unknown): readonly [words: string, remedy: string] {
  switch (typeof value) {
    case 'string':
      return [`is the text ${quoted(value)}`, ''];
    case 'boolean':
      return [`is read as the boolean ${value}`, QUOTES];
    case 'number':
    case 'bigint':
      return [`is read as the number ${value}`, QUOTES];
    default:
      if (isAbsent(value)) return ['is empty', QUOTES];
      return [Array.isArray(value) ? 'is a list' : 'is a mapping', ''];
  }
}

const QUOTES = '; put it in quotes';

/** A value without parts. */
function leaf(fits: (value: unknown) => boolean, wanted: string, isText: boolean): Shape {
  return {
    fits,
    faults: (value) => {
      if (fits(value)) return [];
      if (value === undefined) return missing(`is missing: ${wanted}`);
      const [words, remedy] = said(value);
      const isQuoted = typeof value === 'string' && /^\d+$/.test(value);
      return fault(`${words}, and ${wanted}${isText ? remedy : isQuoted ? '; take the quotes away' : ''}`);
    },
  };
}

const isText = (value: unknown): boolean => typeof value === 'string';
const text = (wanted: string): Shape => leaf(isText, wanted, true);
const TEXT = text('a text is wanted');

// Mutation runs before validation, so that nothing has a length yet. Validation refuses longer names (63 and 15
// characters) whatever we say, and no Pod that etcd can hold has so many containers.
const LONGEST_NAME = 63;
const MOST_CONTAINERS = 1000;

const NAME: Shape = {
  fits: (value) => typeof value === 'string' && value.length <= LONGEST_NAME,
  faults: (value) => {
    if (typeof value !== 'string') return text('a name is wanted').faults(value);
    if (value.length <= LONGEST_NAME) return [];
    return fault(`has ${value.length} characters, and at most ${LONGEST_NAME} are allowed; shorten it`);
  },
};

function optional({ fits, faults }: Shape): Shape {
  return {
    fits: (value) => isAbsent(value) || fits(value),
    faults: (value) => (isAbsent(value) ? [] : faults(value)),
  };
}

const RECORD = leaf(isRecord, 'a mapping is wanted', false);
const LIST = leaf(Array.isArray, 'a list is wanted', false);

/** A mapping with any keys. */
function mapOf({ fits, faults }: Shape): Shape {
  return {
    fits: (value) => isRecord(value) && Object.values(value).every(fits),
    faults: (value) =>
      isRecord(value)
        ? Object.entries(value).flatMap(([key, item]) => below(key, faults(item)))
        : RECORD.faults(value),
  };
}

/** A mapping in which some keys have a meaning. */
function fields(shapes: Readonly<Record<string, Shape>>): Shape {
  const all = Object.entries(shapes).map(([key, shape]) => ({ key, ...shape }));
  return {
    fits: (value) => isRecord(value) && all.every(({ key, fits }) => fits(value[key])),
    faults: (value) =>
      isRecord(value)
        ? all.flatMap(({ key, faults }) => below(key, faults(value[key])))
        : RECORD.faults(value),
  };
}

function listOf({ fits, faults }: Shape, most = Infinity): Shape {
  return {
    fits: (value) => Array.isArray(value) && value.length <= most && value.every(fits),
    faults: (value) => {
      if (!Array.isArray(value)) return LIST.faults(value);
      if (value.length > most)
        return fault(`has ${value.length} items, and at most ${most} are read; leave some out`);
      return value.flatMap((item, index) => below(index, faults(item)));
    },
  };
}

/** With a sidecar a Pod without containers would become one that the apiserver accepts. */
function filled({ fits, faults }: Shape): Shape {
  return {
    fits: (value) => fits(value) && (value as readonly unknown[]).length > 0,
    faults: (value) =>
      Array.isArray(value) && value.length === 0
        ? missing('is empty, and a container is wanted')
        : faults(value),
  };
}

/** The apiserver writes quantities as text; a custom kind may keep the number that its owner wrote. */
const QUANTITIES = optional(
  mapOf(
    leaf((value) => isText(value) || typeof value === 'number', 'a quantity such as 100m is wanted', false),
  ),
);

/** The apiserver reads no other as a port's number, whether there is such a port or not. */
const isInt32 = (value: unknown): boolean => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31;

const PORT = fields({
  containerPort: leaf(isInt32, 'a number from 1 to 65535 is wanted', false),
  name: optional(NAME),
  protocol: optional(TEXT),
});

const NAMED = { name: TEXT };

const CONTAINER = fields({
  name: NAME,
  image: optional(TEXT),
  restartPolicy: optional(TEXT),
  command: optional(listOf(TEXT)),
  args: optional(listOf(TEXT)),
  ports: optional(listOf(PORT)),
  env: optional(listOf(fields({ ...NAMED, value: optional(TEXT) }))),
  envFrom: optional(listOf(RECORD)),
  volumeMounts: optional(listOf(fields({ ...NAMED, mountPath: optional(TEXT) }))),
  resources: optional(fields({ requests: QUANTITIES, limits: QUANTITIES })),
});

/** Metadata that is absent, or has annotations and labels of strings if any. */
export const METADATA = optional(
  fields({
    annotations: optional(mapOf(text('annotations are texts'))),
    labels: optional(mapOf(text('labels are texts'))),
  }),
);

/** The shape that the engine reads. */
export const POD = fields({
  metadata: METADATA,
  spec: fields({
    containers: filled(listOf(CONTAINER, MOST_CONTAINERS)),
    initContainers: optional(listOf(CONTAINER, MOST_CONTAINERS)),
    volumes: optional(listOf(fields(NAMED))),
    nodeSelector: optional(mapOf(TEXT)),
    restartPolicy: optional(TEXT),
    os: optional(RECORD),
  }),
});

/** The place and what is off there, in one line: `spec.containers[0].name: is missing: a name is wanted`. */
export function shapeFaultText({ path, message }: ShapeFault): string {
  const key = path.at(-1);
  const isKey = /^(?:annotations|labels)$/.test(String(path.at(-2) ?? ''));
  const place = isKey ? String(key) : pathText(path);
  return `${clip(withoutControlCharacters(place), 200)}: ${message}`;
}

function pathText(path: readonly (string | number)[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${step}`))
    .join('');
}
