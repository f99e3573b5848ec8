import type { Pod } from './kubernetes.ts';
import { places } from './pod.ts';
import { isRecord } from './record.ts';

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'];
const WAYS = ['httpGet', 'tcpSocket', 'grpc'];

/** The numbers that probes knock at: somebody listens there, whether or not the port is declared. */
export function probedPorts(pod: Pod): readonly number[] {
  return places(pod).flatMap(({ container }) => {
    const fields: unknown = container;
    return PROBES.map((name) => at(fields, name)).flatMap((probe) =>
      WAYS.flatMap((way) => {
        const port = at(at(probe, way), 'port');
        return typeof port === 'number' ? [port] : [];
      }),
    );
  });
}

/** Nobody has checked these fields. */
function at(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}
