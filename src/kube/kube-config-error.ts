/** A kubeconfig or ServiceAccount that cannot be used: the message names the file, the fault and the remedy. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
}
