/** What Go's net/url refuses in a URL, in words; undefined for what it takes, which is nearly everything. */
export function urlFault(text: string): string | undefined {
  if (/[\x00-\x1f\x7f]/.test(text)) return 'it has a control character';
  const [, plain = '', fragment = ''] = /^([^#]*)#?(.*)$/.exec(text) ?? [];
  return plainFault(plain) ?? escapeFault(fragment);
}

function plainFault(text: string): string | undefined {
  if (text.startsWith(':')) return 'nothing stands before the first colon; write https://HOST';
  const [, scheme, behind = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/.exec(text) ?? [];
  const [rest = ''] = behind.split('?', 1);
  if (!rest.startsWith('/')) {
    if (scheme !== undefined) return undefined;
    const [first = ''] = rest.split('/', 1);
    return first.includes(':') ? 'it has a port and no scheme; write https://HOST:PORT' : undefined;
  }
  const hasHost = rest.startsWith('//') && (scheme !== undefined || !rest.startsWith('///'));
  const [, authority = '', path = ''] = hasHost ? (/^\/\/([^/]*)(.*)$/.exec(rest) ?? []) : ['', '', rest];
  return authorityFault(authority, scheme?.toLowerCase() ?? '') ?? escapeFault(path);
}

function authorityFault(authority: string, scheme: string): string | undefined {
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? '' : authority.slice(0, at);
  if (!/^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/.test(user))
    return 'the user has a character that is to be written as %XX';
  return escapeFault(user) ?? hostFault(authority.slice(at + 1), scheme);
}

function hostFault(host: string, scheme: string): string | undefined {
  if (host.includes('[')) {
    const [, address, port] = /^\[([^\]]*)\](.*)$/.exec(host) ?? [];
    if (address === undefined || !/^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*(?:%25.+)?$/.test(address))
      return 'brackets stand around an IPv6 address only';
    return portFault(port ?? '');
  }
  const [first, last] = [host.indexOf(':'), host.lastIndexOf(':')];
  const isWeb = scheme === 'http' || scheme === 'https';
  const port = first < 0 ? undefined : portFault(host.slice(isWeb ? first : last));
  if (port !== undefined) return port;
  // Only what is beyond ASCII may be escaped.
  return /%(?![89A-Fa-f][0-9A-Fa-f])|[ #{}|\\^`]/.test(host)
    ? 'the host has a character that is none of a name'
    : undefined;
}

function portFault(text: string): string | undefined {
  return /^(?::[0-9]*)?$/.test(text) ? undefined : `${text} is no port`;
}

function escapeFault(text: string): string | undefined {
  return /%(?![0-9A-Fa-f]{2})/.test(text)
    ? 'a % is to be followed by two digits; write %25 for itself'
    : undefined;
}
