import { decodeUnverifiedToken } from './decode-unverified-token.js';
import { scrubSecrets } from './scrub-secrets.js';
import { networkCodes, stsErrorRows, type StsErrorClass } from './sts-error-rows.js';

/** What the token says of itself, for comparison with the trust policy; nothing of it is verified. */
export interface ExpectedTrust {
  readonly issuer?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  /** Expiry of the token, epoch seconds. */
  readonly exp?: number;
  /** Id of the key that signed the token. */
  readonly kid?: string;
  /** The trust policy's condition keys with the values that must satisfy them. */
  readonly conditionKeys?: Readonly<Record<string, string | readonly string[]>>;
}

/** An error of STS, understood. */
export interface StsErrorExplanation {
  /** Stable name of the cause, e.g. `audience-not-registered`. */
  readonly id: string;
  /** The code that STS sent, without the SDK's suffix `Exception`. */
  readonly code: string;
  /** What STS said, scrubbed. */
  readonly message: string;
  readonly class: StsErrorClass;
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  readonly meaning: string;
  readonly fix: string;
  readonly expected: ExpectedTrust;
}

/** Options of {@link explainStsError}. */
export interface ExplainStsErrorOptions {
  /** The token that was sent; its claims are named in `expected`, its text is scrubbed everywhere. */
  readonly token?: string;
}

const field = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null
    ? (error as Readonly<Record<string, unknown>>)[name]
    : undefined;

const textField = (error: unknown, name: string): string | undefined => {
  const value = field(error, name);
  return typeof value === 'string' && value !== '' && value !== 'Error' ? value : undefined;
};

const bare = (code: string): string => code.replace(/Exception$/, '');

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

const audienceOf = (value: unknown): string | readonly string[] | undefined => {
  if (!Array.isArray(value)) return asText(value);
  const texts = value.map((entry) => String(entry));
  return texts.length === 1 ? texts[0] : texts;
};

const expectedTrust = (token: string | undefined): ExpectedTrust => {
  if (token === undefined) return {};
  try {
    const { header, claims } = decodeUnverifiedToken(token.trim());
    const issuer = asText(claims['iss']);
    const sub = asText(claims['sub']);
    const aud = audienceOf(claims['aud']);
    const kid = asText(header['kid']);
    const exp = claims['exp'];
    const host = issuer?.replace(/^https:\/\//, '');
    return {
      ...(issuer !== undefined && { issuer }),
      ...(sub !== undefined && { sub }),
      ...(aud !== undefined && { aud }),
      ...(typeof exp === 'number' && { exp }),
      ...(kid !== undefined && { kid }),
      ...(host !== undefined && {
        conditionKeys: {
          ...(sub !== undefined && { [`${host}:sub`]: sub }),
          ...(aud !== undefined && { [`${host}:aud`]: aud }),
        },
      }),
    };
  } catch {
    return {}; // not a JWT: it says nothing about itself
  }
};

const networkExplanation = {
  id: 'network',
  class: 'network',
  meaning:
    'No answer of STS arrived: connection, TLS, DNS or time-out, or a proxy answered in its place.',
  fix: 'Check egress to the STS endpoint of this region (a private subnet needs an STS VPC endpoint), the proxy variables and NODE_EXTRA_CA_CERTS.',
} as const;

const unknownExplanation = {
  id: 'unknown',
  class: 'unknown',
  meaning: 'This is none of the errors that STS is known to send.',
  fix: 'Look at the cause.',
} as const;

const retryableClasses: ReadonlySet<StsErrorClass> = new Set([
  'ambiguous',
  'expired-token',
  'throttling',
  'transient',
  'network',
  'unknown',
]);

const statusOf = (error: unknown): number | undefined => {
  const status = field(field(error, '$metadata'), 'httpStatusCode');
  return typeof status === 'number' ? status : undefined;
};

type Kind = Pick<StsErrorExplanation, 'id' | 'class' | 'meaning' | 'fix'>;

const kindOf = (codes: readonly string[], message: string, error: unknown): Kind => {
  const known = stsErrorRows.find(
    (row) => codes.includes(row.code) && (row.message?.test(message) ?? true),
  );
  if (known !== undefined) return known;
  if (codes.some((code) => networkCodes.has(code))) return networkExplanation;
  const status = statusOf(error);
  if (status === 429) return { ...networkExplanation, class: 'throttling' };
  if (status === undefined) return unknownExplanation;
  // No code of STS in the answer: an HTML page or a cut-off body, from something between here and STS.
  const isNamed = codes.some((code) => code !== 'Unknown');
  if (!isNamed || status < 400) return networkExplanation;
  return status < 500 ? unknownExplanation : { ...unknownExplanation, class: 'transient' };
};

/**
 * Explains what STS answered to AssumeRoleWithWebIdentity: how to treat it, what it means and what to do.
 *
 * @param error - what the STS client threw; its code is read from `Code`, `name` or `code`
 * @param options - the token that was sent, for the trust-policy values to compare
 * @example
 * ```ts
 * import { explainStsError } from 'irsa/credentials';
 * const error = Object.assign(new Error('Incorrect token audience'), { name: 'InvalidIdentityTokenException' });
 * explainStsError(error).id; // audience-not-registered
 * ```
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | AssumeRoleWithWebIdentity}
 */
export function explainStsError(
  error: unknown,
  options: ExplainStsErrorOptions = {},
): StsErrorExplanation {
  const { token } = options;
  const secrets = token === undefined ? [] : [token];
  const found = [
    textField(error, 'Code'),
    textField(error, 'name'),
    textField(error, 'code'),
    textField(field(error, 'cause'), 'code'),
  ].filter((code) => code !== undefined);
  const message = textField(error, 'message') ?? (typeof error === 'string' ? error : '');
  const kind = kindOf(found.map(bare), message, error);
  return {
    id: kind.id,
    code: scrubSecrets(bare(found[0] ?? 'Unknown'), secrets),
    message: scrubSecrets(message, secrets),
    class: kind.class,
    retryable: retryableClasses.has(kind.class),
    meaning: kind.meaning,
    fix: kind.fix,
    expected: expectedTrust(token),
  };
}
