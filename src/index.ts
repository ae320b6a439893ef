// Placeholder lines are replaced by explicit lists as the folders grow.
export { IrsaError } from './errors.js';
export { parseIssuer } from './oidc/index.js';
export type { IrsaErrorCode } from './errors.js';
