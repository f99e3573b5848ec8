import { imageName, own } from '../core/pod.ts';
import type { Exporter, Profile } from '../core/profile.ts';
import { BUILT_IN_EXPORTERS, BUILT_IN_PROFILES } from '../profiles/index.ts';
import { isRecord } from './data.ts';
import type { Data } from './data.ts';
import { ENTRY_DEFAULTS } from './defaults.ts';
import type { ExporterForm, ProfileForm } from './forms.ts';
import { exporterForm, profileForm } from './forms.ts';
import { merged } from './merge.ts';
import type { Path } from '../core/positions.ts';

/** One profile or exporter: what is built in, what the file says, and what holds then. */
export interface CatalogueEntry {
  readonly name: string;
  readonly path: Path;
  /** Absent for what comes with podscrape and is not in the file. */
  readonly given?: Data;
  readonly builtIn: boolean;
  /** In the file's form, defaults filled in. Of a checked file it is complete. */
  readonly data: Data;
}

/** All profiles: the built-in ones in their order, then the file's. The file need not have been checked. */
export function profileEntries(given: unknown): readonly CatalogueEntry[] {
  return entries('profiles', BUILT_IN_PROFILES, given, profileForm, filledProfile);
}

/** All exporters: the built-in ones in their order, then the file's. The file need not have been checked. */
export function exporterEntries(given: unknown): readonly CatalogueEntry[] {
  return entries('exporters', BUILT_IN_EXPORTERS, given, exporterForm, filledExporter);
}

function entries<T extends Profile | Exporter>(
  key: string,
  builtIn: readonly T[],
  given: unknown,
  form: (row: T) => ProfileForm | ExporterForm,
  complete: (data: Data) => Data,
): readonly CatalogueEntry[] {
  const file = isRecord(given) ? given : {};
  const names = [...new Set([...builtIn.map((row) => row.name), ...Object.keys(file)])];
  return names.map((name) => {
    const base = builtIn.find((row) => row.name === name);
    const said = own<unknown>(file, name);
    const data = merged(base === undefined ? {} : form(base), isRecord(said) ? said : {});
    return {
      name,
      path: [key, name],
      ...(isRecord(said) && { given: said }),
      builtIn: base !== undefined,
      data: complete(data),
    };
  });
}

function filledProfile(data: Data): Data {
  const { target, exporter } = data;
  return filled(ENTRY_DEFAULTS.profile, {
    ...data,
    ...(isRecord(target) && { target: filled(ENTRY_DEFAULTS.target, target) }),
    ...(isRecord(exporter) && { exporter: filled(ENTRY_DEFAULTS.exporterUse, exporter) }),
  });
}

function filledExporter(data: Data): Data {
  const { image, connection, mapping } = data;
  const defaults = {
    ...ENTRY_DEFAULTS.exporter,
    ...(typeof image === 'string' && { imageNames: [imageName(image)] }),
  };
  return filled(defaults, {
    ...data,
    ...(isRecord(connection) && { connection: filled(ENTRY_DEFAULTS.connection, connection) }),
    ...(isRecord(mapping) && { mapping: filled(ENTRY_DEFAULTS.mapping, mapping) }),
  });
}

/** The data, in its order, then the defaults of the keys that it leaves out. */
function filled(defaults: Data, data: Data): Data {
  return { ...data, ...Object.fromEntries(Object.entries(defaults).filter(([key]) => !(key in data))) };
}
