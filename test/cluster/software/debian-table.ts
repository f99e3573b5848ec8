/** One piece of software of the Debian archive: a new one is one row in {@link DEBIAN}. */
export interface DebianRow {
  readonly name: string;
  readonly package: string;
  /** What of it is run. */
  readonly programs: readonly string[];
  /** Where its package has them, below `/`; `*` stands for a version, and the highest is taken. */
  readonly folder: string;
  /** The packages that are the software itself, in distinction from what it stands on. */
  readonly own: RegExp;
  /**
   * The tag of the image that the built-in profile injects, where the archive's version stands in for it. A test holds
   * it to the profile's, so that nobody moves one without reading the other.
   */
  readonly imageTag?: string;
}

/** Every name that `ensureDebian` can give. */
export const DEBIAN = [
  {
    name: 'postgres',
    package: 'postgresql',
    programs: ['postgres', 'initdb', 'psql'],
    folder: 'usr/lib/postgresql/*/bin',
    own: /^(postgresql|libpq5$)/,
  },
  {
    name: 'redis-server',
    package: 'redis-server',
    programs: ['redis-server', 'redis-cli'],
    folder: 'usr/bin',
    own: /^redis/,
  },
  {
    name: 'pushgateway',
    package: 'prometheus-pushgateway',
    programs: ['prometheus-pushgateway'],
    folder: 'usr/bin',
    own: /^prometheus-/,
    imageTag: 'v1.11.3',
  },
  {
    name: 'postgres_exporter',
    package: 'prometheus-postgres-exporter',
    programs: ['prometheus-postgres-exporter'],
    folder: 'usr/bin',
    own: /^prometheus-/,
    imageTag: 'v0.20.1',
  },
  {
    name: 'redis_exporter',
    package: 'prometheus-redis-exporter',
    programs: ['prometheus-redis-exporter'],
    folder: 'usr/bin',
    own: /^prometheus-/,
    imageTag: 'v1.93.0',
  },
  {
    name: 'buildah',
    package: 'buildah',
    programs: ['buildah'],
    folder: 'usr/bin',
    own: /^buildah/,
  },
] as const satisfies readonly DebianRow[];

type Row = (typeof DEBIAN)[number];

/** A name of the table. */
export type DebianName = Row['name'];

/** The programs of a name. */
export type ProgramOf<N extends DebianName> = Extract<Row, { name: N }>['programs'][number];

/** Every name of the table, in its order. */
export const ALL_DEBIAN: readonly DebianName[] = DEBIAN.map((row) => row.name);

/** The row of a name. */
export function debianRow(name: DebianName): DebianRow {
  const row = DEBIAN.find((candidate) => candidate.name === name);
  if (!row) throw new Error(`no software is called ${name}; the table has ${ALL_DEBIAN.join(', ')}`);
  return row;
}
