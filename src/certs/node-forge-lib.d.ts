// The single modules of node-forge, imported alone because the whole of it costs twice the start-up time.
declare module 'node-forge/lib/x509.js' {
  import type { asn1, pki } from 'node-forge';
  const x509: typeof pki & { getTBSCertificate(certificate: pki.Certificate): asn1.Asn1 };
  export = x509;
}
declare module 'node-forge/lib/asn1.js' {
  import type { asn1 } from 'node-forge';
  const module: typeof asn1;
  export = module;
}
