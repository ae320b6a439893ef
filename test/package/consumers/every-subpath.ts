// Compiled against the packed tarball with lib ES2022, no ambient types and skipLibCheck off:
// no DOM, Node or SDK type may leak out of any subpath.
import * as root from 'irsa';
import * as certs from 'irsa/certs';
import * as cluster from 'irsa/cluster';
import * as credentials from 'irsa/credentials';
import * as diagnose from 'irsa/diagnose';
import * as errors from 'irsa/errors';
import * as iam from 'irsa/iam';
import * as oidc from 'irsa/oidc';
import * as patch from 'irsa/patch';
import * as testing from 'irsa/testing';

export const everything: object[] = [
  root,
  certs,
  cluster,
  credentials,
  diagnose,
  errors,
  iam,
  oidc,
  patch,
  testing,
];

export const issuer: oidc.Issuer = root.parseIssuer('https://oidc.example.com');
export const code: errors.IrsaErrorCode = 'ERR_ISSUER';
