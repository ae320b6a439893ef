// Each line below is a mistake that the types must catch; the test wants an error on exactly these lines.
import { parseIssuer, type Issuer } from 'irsa/oidc';
import type { IrsaErrorCode } from 'irsa/errors';

export const unchecked: Issuer = 'https://oidc.example.com'; // MISTAKE a plain string is no Issuer
export const number: Issuer = parseIssuer(5); // MISTAKE not a string
export const code: IrsaErrorCode = 'ERR_NO_SUCH_CODE'; // MISTAKE not a code
