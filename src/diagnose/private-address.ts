const privateIpv4 =
  /^(?:10|127|0)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;
const privateIpv6 = /^(?:::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/i;

/** Whether an IP address is one that the internet does not route: RFC 1918, RFC 6598, loopback, link-local, unique local. */
export const isPrivateAddress = (address: string): boolean => {
  const bare = address.replace(/^\[|\]$/g, '').replace(/^::ffff:(?=\d+\.)/i, '');
  return (/^\d+(?:\.\d+){3}$/.test(bare) && privateIpv4.test(bare)) || privateIpv6.test(bare);
};

/** Whether a host name can only be known inside a network: a cluster's own names, single labels, private addresses. */
export const isInternalHost = (host: string): boolean =>
  isPrivateAddress(host) ||
  (!host.startsWith('[') && !host.includes('.')) ||
  /\.(?:svc|local|localhost|internal|home\.arpa)$|^kubernetes\.default(?:\.|$)/i.test(host);
