import { verifyServiceAccountToken, type JwkSetLike } from 'irsa/oidc';
import { mintServiceAccountToken } from 'irsa/testing';
import { projectToken } from '../project-token.js';
import type { PodIdentity } from '../read-pod-identity.js';
import { story, type Stage } from '../story.js';
import type { Webhook } from './mutate-pod.js';
import type { PublishedIssuer } from './publish-issuer.js';

/** Mints what the API server would give the kubelet for a pod. */
export async function mintFor(
  identity: PodIdentity,
  options: { readonly privateKeyPem: string; readonly serviceAccount: string; readonly now: Date },
): Promise<string> {
  return mintServiceAccountToken({
    ...options,
    issuer: story.issuer,
    namespace: story.namespace,
    pod: { name: 's3-echoer-xclgt', uid: 'c7a162c9-781c-42ec-b665-8b51af033cb5' },
    audience: identity.audience,
    lifetimeSeconds: identity.expirationSeconds,
  });
}

/** Does the kubelet's part: the token for the audience and lifetime that the pod asks for, at the path that it says. */
export async function writeToken(
  { tell, breaks, check }: Stage,
  issuer: PublishedIssuer,
  { identity }: Webhook,
): Promise<{ token: string; detail: string }> {
  const now = new Date();
  const token = await mintFor(identity, {
    privateKeyPem: issuer.privateKeyPem,
    serviceAccount: story.serviceAccount,
    now: new Date(now.getTime() - (breaks.tokenAgeSeconds ?? 0) * 1000),
  });
  await projectToken({ folder: identity.mountPath, path: identity.path, token, now });
  tell(`${identity.mountPath}/${identity.path} -> ..data/${identity.path}`);
  const verification = await verifyServiceAccountToken({
    token,
    jwks: JSON.parse(issuer.jwks) as JwkSetLike,
    issuer: story.issuer,
    audience: story.audience,
    now,
  });
  check(verification.valid, `the token: ${verification.valid ? '' : verification.message}`);
  return {
    token,
    detail: `audience ${identity.audience}, ${identity.expirationSeconds} s, at the path that the pod says`,
  };
}
