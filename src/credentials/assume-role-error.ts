import { AssumeRoleError as PlainAssumeRoleError } from '../errors.js';
import { explainStsError, type StsErrorExplanation } from './explain-sts-error.js';
import { explainAgentError } from './explain-agent-error.js';
import { scrubError } from './scrub-secrets.js';

const lines = (roleArn: string, explanation: StsErrorExplanation): string => {
  const { code, message, meaning, fix, expected } = explanation;
  const { issuer, sub, aud, exp, kid, conditionKeys } = expected;
  const claims =
    issuer === undefined && sub === undefined
      ? ''
      : ` The token says iss=${JSON.stringify(issuer)}, sub=${JSON.stringify(sub)}, aud=${JSON.stringify(aud)}, exp=${
          exp === undefined ? 'none' : new Date(exp * 1000).toISOString()
        }, kid=${JSON.stringify(kid)}; a trust policy that lets it in has the conditions ${JSON.stringify(conditionKeys ?? {})}.`;
  const said = message === '' ? code : `${code}: ${message}`;
  return `no credentials for ${roleArn}: ${said}. ${meaning} ${fix}${claims}`;
};

/** STS gave no credentials: the class of `irsa/errors`, with an explanation. The explanation says why, and what to do. The raw error is the `cause`. */
export class AssumeRoleError extends PlainAssumeRoleError {
  readonly explanation: StsErrorExplanation;

  /**
   * @param cause - what the STS client threw
   * @param options - the role, and the token that was sent (it appears nowhere in the error); `from` where it is not STS that was asked
   */
  constructor(
    cause: unknown,
    options: {
      readonly roleArn: string;
      readonly token?: string;
      readonly from?: 'sts' | 'agent';
    },
  ) {
    const { roleArn, token, from = 'sts' } = options;
    const explanation =
      from === 'agent'
        ? explainAgentError(cause)
        : explainStsError(cause, token === undefined ? {} : { token });
    super(lines(roleArn, explanation), {
      cause: scrubError(cause, token === undefined ? [] : [token, ...token.split('.')]),
      actual: explanation.code,
      expected: 'temporary credentials',
    });
    this.explanation = explanation;
  }
}
