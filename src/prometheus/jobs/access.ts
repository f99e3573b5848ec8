import type { Access, SecretKey, SecretOrConfigMap, TlsConfig } from '../../core/access.ts';
import type { HttpClientConfig, OAuth2ClientConfig, TlsClientConfig } from '../scrape-config.ts';

/** Where Prometheus Operator mounts the Secrets and ConfigMaps that a Prometheus object lists. */
export const SECRETS_DIRECTORY = '/etc/prometheus/secrets';
export const CONFIGMAPS_DIRECTORY = '/etc/prometheus/configmaps';

/** Below these, each Secret and ConfigMap has a directory of its name, with a file for each key. */
export interface AccessDirectories {
  readonly secrets: string;
  readonly configMaps: string;
}

export const ACCESS_DIRECTORIES: AccessDirectories = {
  secrets: SECRETS_DIRECTORY,
  configMaps: CONFIGMAPS_DIRECTORY,
};

/** Stands where Prometheus reads no file: `client_id` (prometheus/common `config`, OAuth2). */
export function clientIdPlaceholder(reference: SecretOrConfigMap): string {
  return 'secret' in reference
    ? `FILL-IN-key-${reference.secret.key}-of-Secret-${reference.secret.name}`
    : `FILL-IN-key-${reference.configMap.key}-of-ConfigMap-${reference.configMap.name}`;
}

/** The settings of a profile in Prometheus' own words: references become files. */
export function httpClientConfig(
  { tlsConfig, basicAuth, authorization, oauth2 }: Access,
  directories: AccessDirectories = ACCESS_DIRECTORIES,
): HttpClientConfig {
  const file = ({ name, key }: SecretKey): string => `${directories.secrets}/${name}/${key}`;
  const tls = tlsConfig === undefined ? undefined : tlsClientConfig(tlsConfig, directories);
  return {
    ...(tls === undefined || Object.keys(tls).length === 0 ? {} : { tls_config: tls }),
    ...(basicAuth === undefined
      ? {}
      : { basic_auth: { username_file: file(basicAuth.username), password_file: file(basicAuth.password) } }),
    ...(authorization === undefined
      ? {}
      : {
          authorization: {
            ...(authorization.type === undefined ? {} : { type: authorization.type }),
            credentials_file: file(authorization.credentials),
          },
        }),
    ...(oauth2 === undefined
      ? {}
      : {
          oauth2: {
            client_id: clientIdPlaceholder(oauth2.clientId),
            client_secret_file: file(oauth2.clientSecret),
            token_url: oauth2.tokenUrl,
            ...(oauth2.scopes === undefined ? {} : { scopes: oauth2.scopes }),
            ...(oauth2.endpointParams === undefined ? {} : { endpoint_params: oauth2.endpointParams }),
          } satisfies OAuth2ClientConfig,
        }),
  };
}

function tlsClientConfig(
  { ca, cert, keySecret, serverName, insecureSkipVerify }: TlsConfig,
  directories: AccessDirectories,
): TlsClientConfig {
  const file = (reference: SecretOrConfigMap): string =>
    'secret' in reference
      ? `${directories.secrets}/${reference.secret.name}/${reference.secret.key}`
      : `${directories.configMaps}/${reference.configMap.name}/${reference.configMap.key}`;
  return {
    ...(ca === undefined ? {} : { ca_file: file(ca) }),
    ...(cert === undefined ? {} : { cert_file: file(cert) }),
    ...(keySecret === undefined ? {} : { key_file: file({ secret: keySecret }) }),
    ...(serverName === undefined ? {} : { server_name: serverName }),
    ...(insecureSkipVerify === undefined ? {} : { insecure_skip_verify: insecureSkipVerify }),
  };
}
