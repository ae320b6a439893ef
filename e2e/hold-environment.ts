import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeSigningKey } from './environment/signing-key.js';
import { serviceAccountArguments } from './environment/start-api-server.js';
import type { SharedWorld } from './environment/world.js';
import type { PartId } from './parts/catalogue.js';

/** What `--up` starts. */
export const heldParts: readonly PartId[] = ['versitygw', 'etcd', 'kubectl', 'kube-apiserver'];

/** A bucket that the held environment can use as its issuer. */
export const heldBuckets: readonly string[] = ['irsa-oidc-demo', 'irsa-data-demo'];

/** Starts everything, prints how to use it, and holds it until the outer process ends. */
export async function holdEnvironment(shared: SharedWorld, data: string): Promise<void> {
  const { world } = shared.forScenario('up');
  const aws = await world.aws();
  const key = makeSigningKey(world.data, 'sa', 'RSA-2048');
  const issuer = 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com';
  const api = await world.apiServer({
    name: 'api',
    serviceAccountArguments: serviceAccountArguments({
      issuers: [issuer],
      signingKeyFile: key.privateKeyFile,
      verificationKeyFiles: [key.publicKeyFile],
      jwksUri: `${issuer}/openid/v1/jwks`,
    }),
  });
  const lines = Object.entries({ ...aws.env(), KUBECONFIG: api.kubeconfig }).map(
    ([name, value]) => `export ${name}='${value}'`,
  );
  const shell = join(data, 'shell');
  writeFileSync(
    shell,
    [
      ...lines,
      `export PATH='${join(world.part('kubectl'), '..')}':"$PATH" PS1='irsa-e2e$ '`,
      `irsa() { '${process.execPath}' '${join(process.cwd(), 'adapters/cli/dist/main.js')}' "$@"; }`,
      '',
    ].join('\n'),
  );
  console.log(`
The environment runs until you press Ctrl-C. Inside it AWS's host names lead to versitygw, and
  kubectl and irsa    find the API server and the account's administrator by themselves
  aws                 is your own (AWS CLI v2), with the same account: e.g. aws s3 ls, aws iam list-roles
  the issuer          is ${issuer} (bucket irsa-oidc-demo, not yet created; bucket irsa-data-demo resolves too)
  the signing key     is ${key.privateKeyFile} (public: ${key.publicKeyFile})
  the parts' logs     are in ${world.logs}`);
  // Held by the pipe to the outer process.
  setInterval(() => {}, 60_000);
}
