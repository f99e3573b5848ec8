import type { Exporter, Profile } from '../core/profile.ts';
import { controllerRuntime } from './controller-runtime.ts';
import { gunicorn } from './gunicorn.ts';
import { http } from './http.ts';
import { springBoot } from './spring-boot.ts';
import { statsdExporter } from './statsd-exporter.ts';
import { statsd } from './statsd.ts';

/** The profiles that come with podscrape, in the order in which they are listed. */
export const BUILT_IN_PROFILES: readonly Profile[] = [http, controllerRuntime, springBoot, statsd, gunicorn];

/** The exporters that the profiles use. */
export const BUILT_IN_EXPORTERS: readonly Exporter[] = [statsdExporter];
