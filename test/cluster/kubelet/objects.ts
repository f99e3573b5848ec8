import type { ControlPlane } from '../control-plane.ts';
import { Waiting } from './types.ts';
import type { Pod } from './types.ts';

interface DataObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

/** Reads from the API server what Pods refer to. */
export class Objects {
  readonly #plane: ControlPlane;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
  }

  /** The entries of a Secret or ConfigMap; undefined when there is no such object. Errors: any other status. */
  async data(
    kind: 'ConfigMap' | 'Secret',
    namespace: string,
    name: string,
  ): Promise<Record<string, Buffer> | undefined> {
    const path = `/api/v1/namespaces/${namespace}/${kind.toLowerCase()}s/${name}`;
    const { status, body } = await this.#plane.request<DataObject>('GET', path);
    if (status === 404) return undefined;
    if (status !== 200) throw new Waiting('CreateContainerConfigError', `${kind} ${name}: status ${status}`);
    const decode = (map: Readonly<Record<string, string>>, from: BufferEncoding) =>
      Object.entries(map).map(([key, value]) => [key, Buffer.from(value, from)] as const);
    return Object.fromEntries([
      ...decode(body.data ?? {}, kind === 'Secret' ? 'base64' : 'utf8'),
      ...decode(body.binaryData ?? {}, 'base64'),
    ]);
  }

  /** A token of the Pod's ServiceAccount that is bound to the Pod. Errors: the API server makes none. */
  async token(pod: Pod, audience: string | undefined, expirationSeconds: number): Promise<string> {
    const { name, namespace, uid } = pod.metadata;
    const spec = {
      expirationSeconds,
      ...(audience !== undefined && { audiences: [audience] }),
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    };
    const account = pod.spec.serviceAccountName ?? 'default';
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const { status, body } = await this.#plane.request<{ status?: { token?: string }; message?: string }>(
      'POST',
      path,
      request,
    );
    const token = body.status?.token;
    if (token !== undefined) return token;
    throw new Waiting(
      'ContainerCreating',
      `token of ServiceAccount ${account}: ${body.message ?? `status ${status}`}`,
    );
  }
}
