import { entry, type CatalogueEntry } from './catalogue-entry.js';

/** Findings about provider, issuer documents, role and trust policy. */
export type IssuerFindingId =
  | 'apiserver-issuer-order'
  | 'apiserver-issuer-internal'
  | 'apiserver-issuer-not-https'
  | 'apiserver-issuer-changed'
  | 'apiserver-key-unknown'
  | 'apiserver-key-unpublished'
  | 'apiserver-audience-shared'
  | 'apiserver-flags-differ'
  | 'provider-missing'
  | 'provider-trailing-slash'
  | 'provider-other-issuer'
  | 'provider-other-account'
  | 'provider-audience-missing'
  | 'provider-thumbprint-stale'
  | 'issuer-unreachable'
  | 'issuer-tls'
  | 'issuer-timeout'
  | 'issuer-private-address'
  | 'issuer-account-public-access-block'
  | 'issuer-public-access-block'
  | 'issuer-bucket-policy'
  | 'issuer-forbidden'
  | 'issuer-not-found'
  | 'issuer-redirect'
  | 'issuer-http-error'
  | 'issuer-slow'
  | 'issuer-content-type'
  | 'discovery-not-json'
  | 'discovery-issuer-mismatch'
  | 'discovery-trailing-slash'
  | 'discovery-jwks-uri'
  | 'jwks-not-json'
  | 'jwks-empty'
  | 'jwks-key-missing'
  | 'jwks-key-without-kid'
  | 'jwks-key-not-for-signing'
  | 'jwks-key-ops'
  | 'jwks-key-unusable'
  | 'jwks-too-many-keys'
  | 'jwks-private-key'
  | 'role-missing'
  | 'role-max-session'
  | 'trust-policy-unreadable'
  | 'trust-principal'
  | 'trust-action'
  | 'trust-subject-wildcard'
  | 'trust-subject-namespace'
  | 'trust-subject-name'
  | 'trust-subject'
  | 'trust-audience'
  | 'trust-condition-key'
  | 'trust-condition'
  | 'trust-denied'
  | 'trust-tag-session'
  | 'trust-without-audience'
  | 'trust-without-subject'
  | 'trust-undecided'
  | 'unknown-provider'
  | 'unknown-discovery'
  | 'unknown-jwks'
  | 'unknown-role';

const noKey =
  "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
const denied = 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity';
const notFound =
  'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://…';
const curl =
  '`curl -sSi ISSUER/.well-known/openid-configuration` from outside, without credentials.';
const getRole = '`aws iam get-role --role-name NAME --query Role.AssumeRolePolicyDocument`';
const issuerFlag =
  '`kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep service-account-issuer`';
const readOwn = '`kubectl get --raw /openid/v1/jwks`';
const getProvider = '`aws iam list-open-id-connect-providers` in the role’s account.';

/** The entries of {@link IssuerFindingId}. */
export const issuerFindings: Readonly<Record<IssuerFindingId, CatalogueEntry>> = {
  'apiserver-issuer-order': entry(
    'The API server has several issuers and signs with the first one, which is not the published one.',
    {
      symptom: notFound,
      see: `${issuerFlag} The first value signs; the others are only accepted.`,
      fix: 'Put the published issuer first, then the old ones; `irsa apiserver-config` writes it for your distribution (kubeadm of 1.31 and older sorts the list: use a patch). Then roll the pods.',
    },
  ),
  'apiserver-issuer-internal': entry(
    'The cluster issues its tokens under a name that only the cluster knows, so STS can never read their keys.',
    {
      symptom: notFound,
      see: `Decode the token and look at iss; ${issuerFlag}`,
      fix: 'Set --service-account-issuer to the public issuer, first in the list and with the present one behind it (`irsa apiserver-config`), then roll the pods.',
    },
  ),
  'apiserver-issuer-not-https': entry('The token’s issuer is not an https URL without a query.', {
    symptom: notFound,
    see: `Decode the token and look at iss; ${issuerFlag}`,
    fix: 'Set --service-account-issuer to the https URL of the published issuer (`irsa apiserver-config`), then roll the pods. The API server takes any text for it and only stops serving its own discovery document.',
  }),
  'apiserver-issuer-changed': entry(
    'The token carries an issuer that this API server does not sign with now: it is from before a change, or from another cluster.',
    {
      symptom: notFound,
      see: 'Compare the token’s iss with the issuer of `kubectl get --raw /.well-known/openid-configuration`.',
      fix: 'Roll the pod’s owner for a token of the present issuer; while old tokens live keep the provider of the old issuer, and the old issuer second in --service-account-issuer.',
    },
  ),
  'apiserver-key-unknown': entry(
    'The API server itself does not know the key that signed the token: another cluster’s token, a key taken out too early, or a signing key that is not among the verification keys.',
    {
      symptom: noKey,
      see: `Compare the token’s kid with ${readOwn}; compare --service-account-signing-key-file with --service-account-key-file.`,
      fix: 'Give every API server the public half of the signing key as --service-account-key-file too, publish it, and roll the pods that hold older tokens.',
    },
  ),
  'apiserver-key-unpublished': entry(
    'The API server accepts a key that is not published: once it signs with it, STS will refuse every new token.',
    {
      severity: 'warning',
      symptom: `From the rotation on: ${noKey}`,
      see: `Compare ${readOwn} with \`curl -sS JWKS_URI\`.`,
      fix: 'Publish the key now, and wait an hour before signing with it: `irsa rotate next`.',
    },
  ),
  'apiserver-audience-shared': entry(
    'The API server’s own audiences hold the audience for AWS: every pod’s default token is good at STS, and every AWS token at the API server.',
    {
      severity: 'warning',
      symptom: '',
      see: '`kubectl -n kube-system get pods -l component=kube-apiserver -o yaml | grep api-audiences`',
      fix: 'Leave sts.amazonaws.com out of --api-audiences; projected tokens ask for it by themselves.',
    },
  ),
  'apiserver-flags-differ': entry(
    'The API servers are not configured alike: which issuer or key a token gets is a matter of chance.',
    {
      severity: 'warning',
      symptom: 'Some pods of one Deployment are refused, others are not',
      see: issuerFlag,
      fix: 'Give every kube-apiserver the same --service-account-issuer list and the same keys.',
    },
  ),
  'provider-missing': entry('The role’s account has no IAM OIDC provider for the token’s issuer.', {
    symptom: notFound,
    see: getProvider,
    fix: 'Create the provider: `irsa issuer apply`, or `aws iam create-open-id-connect-provider --url ISSUER --client-id-list sts.amazonaws.com`.',
  }),
  'provider-trailing-slash': entry(
    'Token issuer and IAM provider differ by a trailing slash, and STS compares byte for byte.',
    {
      symptom: notFound,
      see: `${getProvider} Compare with the token’s iss.`,
      fix: 'Give --service-account-issuer and the provider the same URL; create a second provider while tokens of the old form live.',
    },
  ),
  'provider-other-issuer': entry('The IAM provider is for another issuer than the token’s.', {
    symptom: notFound,
    see: `${getProvider} Compare with the token’s iss.`,
    fix: 'Create a provider for the token’s iss, or correct --service-account-issuer.',
  }),
  'provider-other-account': entry('The role is in another account than the IAM provider.', {
    symptom: notFound,
    see: 'Compare the account numbers of the role’s and the provider’s ARNs.',
    fix: 'Create the OIDC provider in the role’s account too, and name it in the trust policy.',
  }),
  'provider-audience-missing': entry(
    'The IAM provider’s client ID list lacks the token’s audience.',
    {
      symptom: 'InvalidIdentityToken: Incorrect token audience',
      see: '`aws iam get-open-id-connect-provider --open-id-connect-provider-arn ARN --query ClientIDList`',
      fix: '`aws iam add-client-id-to-open-id-connect-provider --client-id sts.amazonaws.com --open-id-connect-provider-arn ARN`',
    },
  ),
  'provider-thumbprint-stale': entry(
    'The issuer’s certificate is not of a public authority, and its thumbprint is not the provider’s.',
    {
      symptom:
        "InvalidIdentityToken: OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
      see: '`openssl s_client -showcerts -connect HOST:443` and the SHA-1 of the last certificate.',
      fix: '`aws iam update-open-id-connect-provider-thumbprint` with the new thumbprint, or serve the issuer with a certificate of a public authority.',
    },
  ),
  'issuer-unreachable': entry('A stranger cannot reach the issuer.', {
    symptom: noKey,
    see: curl,
    fix: 'Publish the two documents where the internet can read them: a bucket, CloudFront, or any https host. STS has no private path to an issuer.',
  }),
  'issuer-tls': entry(
    'The issuer’s TLS certificate is not valid for its name, or not of a trusted authority.',
    {
      symptom: noKey,
      see: '`curl -sSv ISSUER/.well-known/openid-configuration`',
      fix: 'Serve a certificate that covers the host name (a bucket name with dots breaks S3’s), with its whole chain.',
    },
  ),
  'issuer-timeout': entry('The issuer takes longer than the 5 seconds that STS waits.', {
    symptom: noKey,
    see: '`curl -so /dev/null -w "%{time_total}\\n" ISSUER/openid/v1/jwks`',
    fix: 'Serve the documents as static files.',
  }),
  'issuer-private-address': entry(
    'The issuer’s name leads to private addresses: what is read here, STS cannot reach.',
    {
      symptom: noKey,
      see: '`dig +short HOST` here, and from outside the network.',
      fix: 'Publish the two documents where the internet can read them: a bucket, CloudFront, or any public https host. STS has no private path to an issuer.',
    },
  ),
  'issuer-account-public-access-block': entry(
    'The account’s public access block vetoes the policy of the issuer’s bucket.',
    {
      symptom: noKey,
      see: '`aws s3control get-public-access-block --account-id ACCOUNT`',
      fix: 'Let the account’s BlockPublicPolicy and RestrictPublicBuckets be false; or keep them and put CloudFront in front of the private bucket (`irsa issuer plan --cloudfront`).',
    },
  ),
  'issuer-public-access-block': entry(
    'The public access block of the issuer’s bucket keeps strangers out, whatever its policy says.',
    {
      symptom: noKey,
      see: '`aws s3api get-public-access-block --bucket BUCKET`',
      fix: '`irsa issuer apply`, or: `aws s3api put-public-access-block --bucket BUCKET --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false`.',
    },
  ),
  'issuer-bucket-policy': entry(
    'The policy of the issuer’s bucket does not let strangers read the two documents; object ACLs do nothing on buckets made since April 2023.',
    {
      symptom: noKey,
      see: '`aws s3api get-bucket-policy --bucket BUCKET`',
      fix: '`irsa issuer apply`, which allows s3:GetObject on exactly the two documents.',
    },
  ),
  'issuer-forbidden': entry('The issuer answers 403 to strangers.', {
    symptom: noKey,
    see: `${curl} With credentials it may work: STS has none.`,
    fix: 'On S3: set BlockPublicPolicy and RestrictPublicBuckets to false on the bucket (and see that the account’s own block does not veto it), and allow s3:GetObject on exactly the two documents; or use CloudFront in front of a private bucket.',
  }),
  'issuer-not-found': entry('The document is not where STS looks for it.', {
    symptom: noKey,
    see: curl,
    fix: 'Upload both documents to ISSUER/.well-known/openid-configuration and to the jwks_uri that it names: `irsa issuer apply`.',
  }),
  'issuer-redirect': entry('The issuer redirects; do not count on STS to follow.', {
    symptom: noKey,
    see: curl,
    fix: 'Answer 200 at the issuer’s own URL; a bucket in another region redirects too: use its regional host name.',
  }),
  'issuer-http-error': entry('The issuer answers with an error.', {
    symptom: noKey,
    see: curl,
    fix: 'Make both URLs answer 200 with the documents.',
  }),
  'issuer-slow': entry('The issuer is slow; STS gives up after 5 seconds.', {
    severity: 'warning',
    symptom: `Now and then: ${noKey}`,
    see: '`curl -so /dev/null -w "%{time_total}\\n" ISSUER/openid/v1/jwks`',
    fix: 'Serve the documents as static files, near a CDN.',
  }),
  'issuer-content-type': entry(
    'The content type is not JSON; AWS does not mind, strict OIDC clients do.',
    {
      severity: 'warning',
      symptom: 'Other relying parties refuse the issuer',
      see: curl,
      fix: 'Serve application/json (and application/jwk-set+json or application/json for the JWKS).',
    },
  ),
  'discovery-not-json': entry('The discovery document is not a JSON object.', {
    symptom: noKey,
    see: curl,
    fix: 'Publish the document that buildIssuerDocuments (or `irsa issuer plan`) makes.',
  }),
  'discovery-issuer-mismatch': entry(
    'The discovery document names another issuer than its own URL.',
    {
      symptom: noKey,
      see: `${curl} Look at issuer.`,
      fix: 'Write the issuer exactly as --service-account-issuer has it.',
    },
  ),
  'discovery-trailing-slash': entry(
    'The discovery document’s issuer differs from the real one by a trailing slash.',
    {
      symptom: noKey,
      see: `${curl} Look at the end of issuer.`,
      fix: 'Remove (or add) the slash: the value must equal --service-account-issuer byte for byte.',
    },
  ),
  'discovery-jwks-uri': entry('jwks_uri is missing or not https.', {
    symptom: noKey,
    see: `${curl} Look at jwks_uri.`,
    fix: 'Name the https URL of the JWKS.',
  }),
  'jwks-not-json': entry('The JWKS is not JSON with a list of keys.', {
    symptom: noKey,
    see: '`curl -sSi JWKS_URI` from outside.',
    fix: 'Publish the JWKS that buildJwks makes of the cluster’s public keys.',
  }),
  'jwks-empty': entry('The JWKS has no keys.', {
    symptom: noKey,
    see: '`curl -sS JWKS_URI`',
    fix: 'Publish the public key that the API server signs with. Check the script that publishes: one that cannot read the cluster must not publish an empty list.',
  }),
  'jwks-key-missing': entry('The JWKS does not have the key that the token names.', {
    symptom: noKey,
    see: 'Compare the token’s kid with `curl -sS JWKS_URI`, and with `kubectl get --raw /openid/v1/jwks`.',
    fix: 'Publish the signing key beside the old one, and wait out the caches (the document’s max-age and ten minutes) before the API server signs with it.',
  }),
  'jwks-key-without-kid': entry('The published key has no kid, so that STS does not find it.', {
    symptom: noKey,
    see: '`curl -sS JWKS_URI`',
    fix: 'Publish each key with kid: base64url(SHA-256(SPKI DER)), as kube-apiserver names it.',
  }),
  'jwks-key-not-for-signing': entry('The published key is marked for encryption.', {
    symptom: noKey,
    see: '`curl -sS JWKS_URI` and look at use.',
    fix: 'Write "use": "sig".',
  }),
  'jwks-key-ops': entry('The published key has key_ops, which STS does not take.', {
    symptom:
      'InvalidIdentityToken: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
    see: '`curl -sS JWKS_URI` and look for key_ops.',
    fix: 'Leave key_ops out.',
  }),
  'jwks-key-unusable': entry('The published key with this kid cannot be read.', {
    symptom:
      'InvalidIdentityToken: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
    see: '`curl -sS JWKS_URI` and look at n, e or crv, x, y.',
    fix: 'Publish the JWK that buildJwks makes of the public key.',
  }),
  'jwks-too-many-keys': entry('The JWKS has more than 100 keys of the token’s type.', {
    symptom: noKey,
    see: '`curl -sS JWKS_URI | jq ".keys | length"`',
    fix: 'Remove keys that no live token names.',
  }),
  'jwks-private-key': entry('The published JWKS holds a private key.', {
    severity: 'warning',
    symptom: '',
    see: '`curl -sS JWKS_URI | jq ".keys[].d"`',
    fix: 'Treat the key as stolen: rotate it now (planKeyRotation with compromisedKids), and publish public members only.',
  }),
  'role-missing': entry('The role does not exist; STS does not say so.', {
    symptom: denied,
    see: '`aws iam get-role --role-name NAME`',
    fix: 'Create the role, or correct the annotation eks.amazonaws.com/role-arn (path and capitals count).',
  }),
  'role-max-session': entry('The requested duration is longer than the role allows.', {
    symptom:
      'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    see: '`aws iam get-role --role-name NAME --query Role.MaxSessionDuration`',
    fix: 'Ask for less, or `aws iam update-role --role-name NAME --max-session-duration SECONDS`.',
  }),
  'trust-policy-unreadable': entry('The trust policy is not a policy document.', {
    symptom: denied,
    see: getRole,
    fix: 'Replace it by what buildTrustPolicy makes.',
  }),
  'trust-principal': entry('No statement of the trust policy names this issuer’s provider.', {
    symptom: denied,
    see: `${getRole}: Principal.Federated must be the provider’s ARN.`,
    fix: 'Add a statement for this provider: bindServiceAccounts, or `irsa trust-policy bind`.',
  }),
  'trust-action': entry(
    'The statement for this provider does not allow sts:AssumeRoleWithWebIdentity.',
    {
      symptom: denied,
      see: getRole,
      fix: 'Write "Action": "sts:AssumeRoleWithWebIdentity" (sts:AssumeRole is another call).',
    },
  ),
  'trust-subject-wildcard': entry(
    'The trust policy compares the subject by StringEquals, where * is an ordinary character.',
    {
      symptom: denied,
      see: getRole,
      fix: 'Use StringLike for patterns, or name the service accounts one by one.',
    },
  ),
  'trust-subject-namespace': entry(
    'The trust policy is for a service account of this name in another namespace.',
    {
      symptom: denied,
      see: `${getRole}; compare the :sub condition with the token’s sub.`,
      fix: 'Name the pod’s namespace in the :sub condition: `irsa trust-policy bind`.',
    },
  ),
  'trust-subject-name': entry(
    'The trust policy is for another service account of this namespace.',
    {
      symptom: denied,
      see: `${getRole}; compare the :sub condition with the token’s sub.`,
      fix: 'Name the pod’s ServiceAccount in the :sub condition, or run the pod under the one that it names.',
    },
  ),
  'trust-subject': entry('The trust policy is for other subjects than the token’s.', {
    symptom: denied,
    see: `${getRole}; compare the :sub condition with the token’s sub.`,
    fix: 'Write system:serviceaccount:NAMESPACE:NAME into the :sub condition.',
  }),
  'trust-audience': entry('The trust policy asks for another audience than the token’s.', {
    symptom: denied,
    see: `${getRole}; compare the :aud condition with the token’s aud.`,
    fix: 'Write sts.amazonaws.com (or the token’s audience) into the :aud condition.',
  }),
  'trust-condition-key': entry(
    'A condition key is not of this issuer or not one that STS offers, so it is absent in every request.',
    {
      symptom: denied,
      see: `${getRole}; keys are the issuer without https://, byte for byte, then :sub or :aud.`,
      fix: 'Write the keys as the provider’s ARN has the issuer: HOST/PATH:sub and HOST/PATH:aud.',
    },
  ),
  'trust-condition': entry('Another condition of the trust policy does not hold.', {
    symptom: denied,
    see: getRole,
    fix: 'Correct or remove the condition that the evidence shows.',
  }),
  'trust-denied': entry('A Deny statement of the trust policy refuses the token.', {
    symptom: denied,
    see: getRole,
    fix: 'Narrow or remove the Deny: it outweighs every Allow.',
  }),
  'trust-tag-session': entry(
    'The token carries session tags, and the trust policy does not allow sts:TagSession.',
    {
      symptom: denied,
      see: `${getRole}; decode the token and look for https://aws.amazon.com/tags.`,
      fix: 'Add sts:TagSession to the statement’s Action.',
    },
  ),
  'trust-without-audience': entry(
    'The trust policy checks no audience: a token made for another purpose will do.',
    {
      severity: 'warning',
      symptom: '',
      see: getRole,
      fix: 'Add StringEquals HOST/PATH:aud sts.amazonaws.com.',
    },
  ),
  'trust-without-subject': entry(
    'The trust policy checks no subject, or every one passes: any pod of the cluster can take the role.',
    {
      severity: 'warning',
      symptom: '',
      see: getRole,
      fix: 'Add StringEquals HOST/PATH:sub system:serviceaccount:NAMESPACE:NAME.',
    },
  ),
  'trust-undecided': entry('The trust policy has conditions whose values are not known offline.', {
    severity: 'info',
    symptom: '',
    see: getRole,
    fix: 'Ask STS itself: `irsa doctor` from inside the pod.',
  }),
  'unknown-provider': entry('The IAM provider was not looked at.', {
    severity: 'info',
    symptom: '',
    see: getProvider,
    fix: 'Run with iam:GetOpenIDConnectProvider on the role’s account.',
  }),
  'unknown-discovery': entry('The discovery document was not looked at.', {
    severity: 'info',
    symptom: '',
    see: curl,
    fix: 'Run where the issuer’s public URL can be read.',
  }),
  'unknown-jwks': entry('The JWKS was not looked at.', {
    severity: 'info',
    symptom: '',
    see: '`curl -sS JWKS_URI`',
    fix: 'Run where the issuer’s public URL can be read.',
  }),
  'unknown-role': entry('The role was not looked at.', {
    severity: 'info',
    symptom: '',
    see: getRole,
    fix: 'Run with iam:GetRole.',
  }),
};
