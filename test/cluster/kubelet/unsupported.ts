import type { Pod } from './types.ts';

/** What a Pod asks for that the kubelet of the tests cannot do; such a Pod is not run at all. */
export function whyUnsupported({ spec }: Pod): string | undefined {
  const asked = (['hostNetwork', 'hostPID', 'hostIPC'] as const).find((field) => spec[field] === true);
  if (asked !== undefined) return `${asked}: true is not supported by the tests' kubelet`;
  const probed = [...spec.containers, ...(spec.initContainers ?? [])].find((container) =>
    [container.livenessProbe, container.readinessProbe, container.startupProbe].some(
      (probe) => probe?.grpc !== undefined,
    ),
  );
  return probed && `container ${probed.name}: a gRPC probe is not supported by the tests' kubelet`;
}
