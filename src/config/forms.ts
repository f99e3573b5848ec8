import type { Access } from '../core/access.ts';
import type { Exporter, ExporterResources, Profile } from '../core/profile.ts';
import { without } from './merge.ts';

/**
 * Profiles and exporters as the configuration file writes them: the name is the key, access stands beside the target as
 * in a PodMonitor's endpoint, and resources are keys of their own.
 */

/** A profile as the file has it, complete. */
export type ProfileForm = Omit<Profile, 'name' | 'access'> & Access;

/** An exporter as the file has it, complete. */
export type ExporterForm = Omit<Exporter, 'name' | 'resources'> & ExporterResources;

/** As the file would have it; the inverse of `profileOf`. */
export function profileForm({ access, ...rest }: Profile): ProfileForm {
  return { ...without(rest, 'name'), ...access };
}

/** What stands in the file and is complete, as the engine has it. */
export function profileOf(name: string, form: ProfileForm): Profile {
  const { tlsConfig, basicAuth, authorization, oauth2, ...rest } = form;
  const access = {
    ...(tlsConfig !== undefined && { tlsConfig }),
    ...(basicAuth !== undefined && { basicAuth }),
    ...(authorization !== undefined && { authorization }),
    ...(oauth2 !== undefined && { oauth2 }),
  };
  return { name, ...rest, ...(Object.keys(access).length > 0 && { access }) };
}

/** As the file would have it; the inverse of `exporterOf`. */
export function exporterForm({ resources, ...rest }: Exporter): ExporterForm {
  return { ...without(rest, 'name'), ...resources };
}

/** What stands in the file and is complete, as the engine has it. */
export function exporterOf(name: string, form: ExporterForm): Exporter {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit, ...rest } = form;
  return { name, ...rest, resources: { cpuRequest, cpuLimit, memoryRequest, memoryLimit } };
}
