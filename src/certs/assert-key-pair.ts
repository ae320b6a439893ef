/** Says a wrong call in words: an option that should hold PEM texts and does not. */
export function assertKeyPair(value: unknown, what: string): void {
  const text =
    typeof value === 'object' && value !== null && 'privateKeyPem' in value
      ? value.privateKeyPem
      : undefined;
  if (typeof text !== 'string') {
    throw new TypeError(
      `${what}: expected an object with a privateKeyPem text, got ${value === null ? 'null' : typeof value}; pass what generateRsaKeyPair or createCertificateAuthority returns`,
    );
  }
}
