/** A certificate, key or folder of them that cannot be used: the message names the file, the fault and the remedy. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}
