import { ISTIO_PORTS } from '../core/istio.ts';
import type { Finding } from './finding.ts';
import { wrongValue } from './finding.ts';
import type { Path } from '../core/positions.ts';

/** That a port is nobody's in every Pod of a mesh; its range is the schema's. */
export function free(port: unknown, path: Path): Finding[] {
  if (typeof port !== 'number' || !ISTIO_PORTS.includes(port)) return [];
  return [wrongValue(path, `${port} is reserved by Istio, as are ${others(port)}; take another`)];
}

function others(port: number): string {
  return ISTIO_PORTS.filter((other) => other !== port).join(', ');
}
