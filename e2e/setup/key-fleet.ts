import type { PublicKey } from 'irsa/oidc';
import { readPublicKeys } from 'irsa/oidc';
import type { SigningKeyFiles } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import type { World } from '../environment/world.js';

/** A signing key with what is published of it. */
export interface NamedKey extends SigningKeyFiles {
  readonly public: PublicKey;
}

/** One API server of a cluster and the keys that it has now. */
export interface FleetMember {
  readonly name: string;
  readonly signing: NamedKey;
  readonly accepted: readonly NamedKey[];
  readonly issuers: readonly string[];
  /** Since when it signs with this key for this issuer. */
  readonly signingSince: Date;
  /** Absent while it is being restarted. */
  readonly running?: ApiServer;
}

/** Several API servers of one cluster that can be restarted with other keys, one by one. */
export interface KeyFleet {
  members(): readonly FleetMember[];
  /** Starts the member, or stops it and starts it with what changed. */
  restart(
    name: string,
    change: Partial<Pick<FleetMember, 'signing' | 'accepted' | 'issuers'>>,
  ): Promise<void>;
}

/** Reads what is published of a key. */
export async function nameKey(files: SigningKeyFiles): Promise<NamedKey> {
  const { keys } = await readPublicKeys(files.publicKeyPem);
  return { ...files, public: keys[0]! };
}

/** Starts the API servers with one key and one issuer. */
export async function startKeyFleet(
  world: World,
  options: {
    readonly prefix: string;
    readonly names: readonly string[];
    readonly issuer: string;
    readonly key: NamedKey;
  },
): Promise<KeyFleet> {
  const { key, issuer, prefix } = options;
  const fleet = new Map<string, FleetMember>();
  const ports = new Map(options.names.map((name) => [name, world.nextPort()]));
  const restart: KeyFleet['restart'] = async (name, change) => {
    const { running, ...before } = fleet.get(name)!;
    const next = { ...before, ...change };
    fleet.set(name, next);
    await running?.stop();
    const api = await world.apiServer({
      name: `${prefix}-${name}`,
      prefix,
      port: ports.get(name)!,
      serviceAccountArguments: serviceAccountArguments({
        issuers: next.issuers,
        jwksUri: `${next.issuers[0]!}/openid/v1/jwks`,
        signingKeyFile: next.signing.privateKeyFile,
        verificationKeyFiles: next.accepted.map(({ publicKeyFile }) => publicKeyFile),
      }),
    });
    const switched = before.signing !== next.signing || before.issuers[0] !== next.issuers[0];
    const signingSince = switched ? new Date() : before.signingSince;
    fleet.set(name, { ...next, signingSince, running: api });
  };
  for (const name of options.names) {
    const signingSince = new Date();
    fleet.set(name, { name, signing: key, accepted: [key], issuers: [issuer], signingSince });
    await restart(name, {});
  }
  return { members: () => [...fleet.values()], restart };
}
