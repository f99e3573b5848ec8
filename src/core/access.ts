/**
 * How Prometheus proves itself to a target, in the shapes of `monitoring.coreos.com/v1`: only references to Secrets and
 * ConfigMaps, never a secret itself. They are keys of the namespace of whoever scrapes by monitor.
 */

/** A key of a Secret. */
export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

/** A key of a Secret or of a ConfigMap (SecretOrConfigMap). */
export type SecretOrConfigMap = { readonly secret: SecretKey } | { readonly configMap: SecretKey };

/** SafeTLSConfig. */
export interface TlsConfig {
  readonly ca?: SecretOrConfigMap;
  readonly cert?: SecretOrConfigMap;
  readonly keySecret?: SecretKey;
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
}

/** BasicAuth. */
export interface BasicAuth {
  readonly username: SecretKey;
  readonly password: SecretKey;
}

/** SafeAuthorization; `type` is `Bearer` where it is left out. */
export interface Authorization {
  readonly type?: string;
  readonly credentials: SecretKey;
}

/** OAuth2. */
export interface OAuth2 {
  readonly clientId: SecretOrConfigMap;
  readonly clientSecret: SecretKey;
  readonly tokenUrl: string;
  readonly scopes?: readonly string[];
  readonly endpointParams?: Readonly<Record<string, string>>;
}

/** At most one of `basicAuth`, `authorization` and `oauth2`: Prometheus refuses more. */
export interface Access {
  readonly tlsConfig?: TlsConfig;
  readonly basicAuth?: BasicAuth;
  readonly authorization?: Authorization;
  readonly oauth2?: OAuth2;
}
