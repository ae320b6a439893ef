/** What narrows or describes a session. */
export interface SessionLimits {
  readonly sessionPolicy?: string | undefined;
  readonly sessionPolicyArns?: readonly string[] | undefined;
  readonly providerId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

const assertLength = (name: string, length: number | undefined, min: number, max: number): void => {
  if (length !== undefined && (length < min || length > max)) {
    throw new TypeError(`${name}: expected ${min} to ${max}, got ${length}`);
  }
};

/**
 * Refuses what STS would refuse by length or number.
 *
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | AssumeRoleWithWebIdentity}
 */
export function assertSessionLimits(session: SessionLimits): void {
  const { sessionPolicy, sessionPolicyArns, providerId, tags = {} } = session;
  assertLength('sessionPolicy, in characters', sessionPolicy?.length, 1, 2048);
  assertLength('sessionPolicyArns', sessionPolicyArns?.length, 0, 10);
  assertLength('providerId, in characters', providerId?.length, 4, 2048);
  assertLength('tags', Object.keys(tags).length, 0, 50);
  for (const [key, value] of Object.entries(tags)) {
    assertLength(
      `tags: key ${JSON.stringify(key.slice(0, 40))}, in characters`,
      key.length,
      1,
      128,
    );
    assertLength(`tags[${JSON.stringify(key)}], in characters`, value.length, 0, 256);
  }
}
