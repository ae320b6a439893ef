import { Agent } from 'node:https';
import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { explainStsError } from 'irsa/credentials';
import { generateSigningKey } from 'irsa/oidc';
import { story, type Stage } from '../story.js';
import type { Webhook } from './mutate-pod.js';
import type { PublishedIssuer } from './publish-issuer.js';
import type { AwsSide } from './set-up-iam.js';
import { mintFor } from './write-token.js';

/** Proves that the door is shut: another service account, another audience, another key; each with our explanation. */
export async function showRefusals(
  { tell }: Stage,
  issuer: PublishedIssuer,
  { aws, roleArn }: AwsSide,
  { mutate }: Webhook,
): Promise<{ detail: string }> {
  const sts = new STSClient({
    region: story.region,
    endpoint: aws.endpoint,
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: aws.caPem }) }),
  });
  const { privateKeyPem: foreignKey } = await generateSigningKey({ algorithm: 'ES256' });
  const cases = [
    {
      what: 'another service account',
      name: 'intruder',
      key: issuer.privateKeyPem,
      says: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    },
    {
      what: 'another audience',
      name: 'other-audience',
      key: issuer.privateKeyPem,
      says: 'Incorrect token audience',
    },
    {
      what: 'another signing key',
      name: story.serviceAccount,
      key: foreignKey,
      says: "Couldn't retrieve verification key from your identity provider",
    },
  ];
  try {
    for (const { what, name, key, says } of cases) {
      // The same loop as before: the pod is mutated, and its token is what the patched pod asks for.
      const token = await mintFor(await mutate(name), {
        privateKeyPem: key,
        serviceAccount: name,
        now: new Date(),
      });
      const error = await sts
        .send(
          new AssumeRoleWithWebIdentityCommand({
            RoleArn: roleArn,
            RoleSessionName: 'demo-refusal',
            WebIdentityToken: token,
          }),
        )
        .then(
          () => undefined,
          (refusal: unknown) => refusal,
        );
      if (!(error instanceof Error)) throw new Error(`STS let in ${what}`);
      if (!error.message.includes(says)) {
        throw new Error(`${what}: expected STS to say “${says}”, got: ${error.message}`);
      }
      const { meaning, fix, expected } = explainStsError(error, { token });
      tell(`${what}: ${error.name}: ${error.message}`);
      tell(`  means: ${meaning}`);
      for (const [key, value] of Object.entries(expected.conditionKeys ?? {})) {
        tell(`  token: ${key} = ${String(value)}`);
      }
      tell(`  fix:   ${fix}`);
    }
  } finally {
    sts.destroy();
  }
  return { detail: `STS refused ${cases.map(({ what }) => what).join(', ')}` };
}
