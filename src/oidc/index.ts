export { issuerHostPath, parseIssuer } from '../names/issuer.js';
export type { Issuer } from '../names/issuer.js';
export { parseServiceAccountSubject, serviceAccountSubject } from '../names/subject.js';
export type { Finding } from '../names/finding.js';
