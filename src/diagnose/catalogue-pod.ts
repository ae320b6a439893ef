import { entry, type CatalogueEntry } from './catalogue-entry.js';

/** Findings about the pod, its ServiceAccount and the webhook. */
export type PodFindingId =
  | 'pod-unreadable'
  | 'pod-namespace-differs'
  | 'pod-default-service-account'
  | 'pod-mirror'
  | 'pod-opted-out'
  | 'pod-no-container-selected'
  | 'pod-container-skipped'
  | 'pod-predates-annotation'
  | 'pod-not-mutated'
  | 'pod-partial-environment'
  | 'pod-token-not-mounted'
  | 'pod-token-volume-foreign'
  | 'pod-token-subpath'
  | 'pod-windows-path'
  | 'pod-role-outdated'
  | 'pod-role-removed'
  | 'pod-audience-outdated'
  | 'pod-expiration-outdated'
  | 'pod-static-keys'
  | 'pod-profile'
  | 'pod-region-missing'
  | 'pod-host-network'
  | 'pod-mount-path-conflict'
  | 'service-account-missing'
  | 'service-account-not-annotated'
  | 'service-account-annotation-misspelled'
  | 'service-account-role-arn-invalid'
  | 'webhook-missing'
  | 'webhook-rules'
  | 'webhook-namespace-selector'
  | 'webhook-object-selector'
  | 'webhook-ca-missing'
  | 'webhook-ca-stale'
  | 'webhook-review-version'
  | 'webhook-not-ready'
  | 'webhook-unreachable'
  | 'webhook-certificate-expired'
  | 'webhook-certificate-name'
  | 'webhook-certificate-ends-soon'
  | 'webhook-call-failed'
  | 'webhook-failure-policy-ignore'
  | 'unknown-service-account'
  | 'unknown-webhook'
  | 'unknown-match-conditions';

const silent =
  'Nothing is said: the pod runs, and its SDK uses the node’s role or finds no credentials.';
const getPod =
  '`kubectl -n NAMESPACE get pod NAME -o yaml`: look for AWS_ROLE_ARN and the volume aws-iam-token.';
const getAccount = '`kubectl -n NAMESPACE get serviceaccount NAME -o yaml`';
const getWebhook = '`kubectl get mutatingwebhookconfigurations -o yaml`';
const roll =
  'Roll the pod’s owner: `kubectl -n NAMESPACE rollout restart deployment NAME`. Pods are mutated only when they are created.';

/** The entries of {@link PodFindingId}. */
export const podFindings: Readonly<Record<PodFindingId, CatalogueEntry>> = {
  'pod-unreadable': entry('The object is not a pod.', {
    symptom: '',
    see: getPod,
    fix: 'Pass the Pod object as the API server returns it.',
  }),
  'pod-namespace-differs': entry(
    'The ServiceAccount is of another namespace; a pod can use only those of its own.',
    {
      symptom: silent,
      see: getAccount,
      fix: 'Annotate (or create) the ServiceAccount in the pod’s namespace.',
    },
  ),
  'pod-default-service-account': entry(
    'The pod runs as the ServiceAccount "default", which names no role.',
    {
      symptom: silent,
      see: getPod,
      fix: 'Set spec.serviceAccountName to the annotated ServiceAccount.',
    },
  ),
  'pod-mirror': entry(
    'This is the mirror of a static pod; static pods cannot have projected tokens.',
    {
      symptom: silent,
      see: 'The annotation kubernetes.io/config.mirror.',
      fix: 'Run the workload as a Deployment or DaemonSet.',
    },
  ),
  'pod-opted-out': entry('The pod carries the label that opts out of mutation.', {
    symptom: silent,
    see: '`kubectl -n NAMESPACE get pod NAME --show-labels`',
    fix: 'Remove the label eks.amazonaws.com/skip-pod-identity-webhook from the pod template.',
  }),
  'pod-no-container-selected': entry(
    'skip-containers (or include-containers) leaves no container.',
    {
      symptom: silent,
      see: 'The pod’s annotations.',
      fix: 'Correct the list: eks.amazonaws.com/skip-containers takes container names, separated by commas.',
    },
  ),
  'pod-container-skipped': entry('A container is skipped on purpose and has no identity.', {
    severity: 'info',
    symptom: silent,
    see: 'The annotation eks.amazonaws.com/skip-containers.',
    fix: 'Nothing, if that is meant.',
  }),
  'pod-predates-annotation': entry('The pod is older than its ServiceAccount’s role annotation.', {
    symptom: silent,
    see: 'Compare the pod’s creationTimestamp with the managedFields times of the ServiceAccount.',
    fix: roll,
  }),
  'pod-not-mutated': entry('The pod should have been mutated and was not.', {
    symptom: silent,
    see: `${getPod} Then the webhook’s log and \`kubectl get events\` at the time of the pod’s creation.`,
    fix: `Check that the webhook was up when the pod was created. ${roll}`,
  }),
  'pod-partial-environment': entry(
    'A container has only one of AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.',
    {
      symptom: 'Web identity configuration not specified, or silence',
      see: getPod,
      fix: 'Leave both out of the pod template, so that the webhook sets them; amazon-eks-pod-identity-webhook leaves the other one out when one is set.',
    },
  ),
  'pod-token-not-mounted': entry(
    'A container has the variables, and nothing is mounted at the token’s path.',
    {
      symptom:
        "ENOENT: no such file or directory, open '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
      see: getPod,
      fix: 'Remove hand-set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE from the pod template, or mount the token volume too.',
    },
  ),
  'pod-token-volume-foreign': entry(
    'The volume at the token’s path is not a projected service-account token.',
    {
      symptom:
        'ENOENT, or InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
      see: getPod,
      fix: 'Rename the pod’s own volume: the name aws-iam-token belongs to the webhook.',
    },
  ),
  'pod-token-subpath': entry(
    'The token is mounted by subPath, and such mounts are never updated.',
    {
      symptom: 'ExpiredTokenException: Token expired: …, a day after the pod’s start',
      see: getPod,
      fix: 'Mount the whole volume, without subPath.',
    },
  ),
  'pod-windows-path': entry('The token path is of the other operating system than the pod.', {
    symptom: 'The token file is not found',
    see: getPod,
    fix: 'Set spec.os.name (or the node selector kubernetes.io/os) before creation, so that the webhook knows.',
  }),
  'pod-role-outdated': entry('The pod has another role than its ServiceAccount names now.', {
    symptom: 'AccessDenied for what the new role may do',
    see: 'Compare AWS_ROLE_ARN in the pod with the annotation.',
    fix: roll,
  }),
  'pod-role-removed': entry('The pod carries a role, and its ServiceAccount names none any more.', {
    severity: 'warning',
    symptom: 'The pod goes on as the old role until it is made anew, and then has none',
    see: 'Compare AWS_ROLE_ARN in the pod with the annotations of its ServiceAccount, and with the webhook’s role mappings.',
    fix: roll,
  }),
  'pod-audience-outdated': entry(
    'The pod’s token is for another audience than its ServiceAccount asks for.',
    {
      symptom: 'InvalidIdentityToken: Incorrect token audience',
      see: 'Compare the projected volume’s audience with the annotation eks.amazonaws.com/audience.',
      fix: roll,
    },
  ),
  'pod-expiration-outdated': entry(
    'The pod’s token has another lifetime than its ServiceAccount asks for.',
    {
      severity: 'warning',
      symptom: 'The token lives longer, or shorter, than the annotation says',
      see: 'Compare the projected volume’s expirationSeconds with the annotation eks.amazonaws.com/token-expiration.',
      fix: roll,
    },
  ),
  'pod-static-keys': entry('The container sets access keys, which every SDK prefers to the role.', {
    symptom: 'Calls are made as another identity than the role',
    see: getPod,
    fix: 'Remove AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the container.',
  }),
  'pod-profile': entry('The container sets AWS_PROFILE, which most SDKs prefer to the role.', {
    severity: 'warning',
    symptom: 'Calls are made as another identity than the role',
    see: getPod,
    fix: 'Remove AWS_PROFILE from the container, or make the profile use web_identity_token_file.',
  }),
  'pod-region-missing': entry('No region is set: SDKs guess, or refuse to start.', {
    severity: 'warning',
    symptom: 'Region is missing · You must specify a region',
    see: getPod,
    fix: 'Give the webhook its region setting, or set AWS_REGION in the container.',
  }),
  'pod-host-network': entry(
    'The pod uses the host’s network, so that without IRSA its SDK silently takes the node’s role.',
    {
      severity: 'warning',
      symptom: 'sts get-caller-identity shows the node’s role',
      see: getPod,
      fix: 'Restore the identity as the first finding says; and limit the node role.',
    },
  ),
  'service-account-missing': entry('The pod’s ServiceAccount does not exist.', {
    symptom:
      'pods "…" is forbidden: error looking up service account …: serviceaccount "…" not found',
    see: getAccount,
    fix: 'Create the ServiceAccount with its role annotation, then roll the pod’s owner.',
  }),
  'service-account-not-annotated': entry('The ServiceAccount names no role.', {
    symptom: silent,
    see: getAccount,
    fix: '`kubectl -n NAMESPACE annotate serviceaccount NAME eks.amazonaws.com/role-arn=arn:aws:iam::ACCOUNT:role/ROLE`, then roll the pods.',
  }),
  'service-account-annotation-misspelled': entry(
    'The ServiceAccount has an annotation that looks like the role’s, under another key.',
    {
      symptom: silent,
      see: getAccount,
      fix: 'Write the key exactly: eks.amazonaws.com/role-arn.',
    },
  ),
  'service-account-role-arn-invalid': entry('The annotation is not the ARN of an IAM role.', {
    symptom: 'ValidationError: Request ARN is invalid',
    see: getAccount,
    fix: 'Write arn:PARTITION:iam::ACCOUNT:role/NAME.',
  }),
  'webhook-missing': entry('The cluster has no webhook that mutates pods for IRSA.', {
    symptom: silent,
    see: getWebhook,
    fix: 'Install the webhook: `irsa manifests`.',
  }),
  'webhook-rules': entry('The webhook’s rules do not cover the creation of pods.', {
    symptom: silent,
    see: getWebhook,
    fix: 'Write rules: operations [CREATE], apiGroups [""], apiVersions [v1], resources [pods].',
  }),
  'webhook-namespace-selector': entry(
    'The webhook’s namespaceSelector leaves this namespace out.',
    {
      symptom: silent,
      see: `${getWebhook}; \`kubectl get namespace NAME --show-labels\``,
      fix: 'Change the selector or the namespace’s labels.',
    },
  ),
  'webhook-object-selector': entry('The webhook’s objectSelector leaves this pod out.', {
    symptom: silent,
    see: `${getWebhook}; \`kubectl get pod NAME --show-labels\``,
    fix: 'Change the selector or the pod template’s labels.',
  }),
  'webhook-ca-missing': entry(
    'The webhook configuration has no CA bundle, so the API server does not trust the webhook.',
    {
      symptom: 'failed calling webhook "…": … x509: certificate signed by unknown authority',
      see: getWebhook,
      fix: 'Let the webhook (or cert-manager’s cainjector) write caBundle.',
    },
  ),
  'webhook-ca-stale': entry(
    'The webhook configuration’s CA bundle is not the authority of the webhook’s certificate.',
    {
      symptom: 'failed calling webhook "…": … x509: certificate signed by unknown authority',
      see: `${getWebhook}; compare caBundle with the ca.crt of the serving certificate.`,
      fix: 'Write the present authority into caBundle; rotate with both authorities in the bundle (planCertificateRotation).',
    },
  ),
  'webhook-review-version': entry(
    'The API server and the webhook share no AdmissionReview version.',
    {
      symptom: 'failed calling webhook "…": … admissionReviewVersions',
      see: getWebhook,
      fix: 'Write admissionReviewVersions: [v1].',
    },
  ),
  'webhook-not-ready': entry('No replica of the webhook is ready to answer.', {
    symptom: 'failed calling webhook "…": … no endpoints available for service "…"',
    see: '`kubectl -n NAMESPACE get endpointslices,pods` in the webhook’s namespace.',
    fix: 'Bring the webhook’s pods up (`kubectl -n NAMESPACE describe pod`, and their log), then roll the pods that started without it: `irsa audit --live`.',
  }),
  'webhook-unreachable': entry(
    'The webhook does not answer at the address that the API server uses.',
    {
      symptom: 'failed calling webhook "…": … connection refused · context deadline exceeded',
      see: '`kubectl -n NAMESPACE get service,endpointslices`; compare ports with clientConfig.service.port and the container’s.',
      fix: 'Correct port, Service selector, or the network policy or security group between control plane and webhook.',
    },
  ),
  'webhook-certificate-expired': entry('The webhook’s serving certificate is not valid now.', {
    symptom:
      'failed calling webhook "…": … x509: certificate has expired or is not yet valid: current time … is after …',
    see: '`kubectl -n NAMESPACE get secret NAME -o jsonpath="{.data.tls\\.crt}" | base64 -d | openssl x509 -noout -dates`',
    fix: 'Renew it (delete the Secret where the webhook or cert-manager makes it anew; `irsa certs` otherwise), then roll the pods that started without an identity: `irsa audit --live`.',
  }),
  'webhook-certificate-name': entry(
    'The webhook’s serving certificate is not for the name that the API server calls; a common name alone does not count.',
    {
      symptom:
        'failed calling webhook "…": … x509: certificate is valid for …, not … · x509: certificate relies on legacy Common Name field, use SANs instead',
      see: '`openssl x509 -noout -ext subjectAltName` of the certificate.',
      fix: 'Issue one with SERVICE.NAMESPACE.svc among its subject alternative names: `irsa certs --service NAME --namespace NAMESPACE`.',
    },
  ),
  'webhook-certificate-ends-soon': entry('The webhook’s serving certificate ends within a week.', {
    severity: 'warning',
    symptom: 'Then: x509: certificate has expired or is not yet valid',
    see: '`openssl x509 -noout -enddate` of the certificate.',
    fix: 'See why it is not renewed: the webhook’s log, or `kubectl describe certificate` of cert-manager.',
  }),
  'webhook-call-failed': entry('The API server could not call the webhook when the pod was made.', {
    symptom: 'failed calling webhook "…": …',
    see: '`kubectl get events -A | grep "failed calling webhook"`, and the API server’s log.',
    fix: 'Make the webhook’s Service reach ready endpoints from the control plane, then roll the pod’s owner.',
  }),
  'webhook-failure-policy-ignore': entry(
    'The webhook’s failurePolicy is Ignore: whenever it is down, pods start without their identity, and nobody is told.',
    {
      severity: 'warning',
      symptom: silent,
      see: getWebhook,
      fix: 'Run two replicas and set failurePolicy: Fail with selectors that spare kube-system; or run `irsa audit` as a CronJob.',
    },
  ),
  'pod-mount-path-conflict': entry(
    'The pod was refused because two of its mounts are at one path, one of them the token’s.',
    {
      symptom:
        'Pod "…" is invalid: spec.containers[0].volumeMounts[…].mountPath: Invalid value: "/var/run/secrets/eks.amazonaws.com/serviceaccount": must be unique',
      see: '`kubectl -n NAMESPACE get events --field-selector reason=FailedCreate`',
      fix: 'Remove the pod template’s own mount at that path: the webhook adds it (amazon-eks-pod-identity-webhook adds it twice, ours does not).',
    },
  ),
  'unknown-service-account': entry('The ServiceAccount was not looked at.', {
    severity: 'info',
    symptom: '',
    see: getAccount,
    fix: 'Run with get on serviceaccounts.',
  }),
  'unknown-webhook': entry('The webhook configuration was not looked at.', {
    severity: 'info',
    symptom: '',
    see: getWebhook,
    fix: 'Run with list on mutatingwebhookconfigurations.',
  }),
  'unknown-match-conditions': entry(
    'The webhook has matchConditions, which only the API server evaluates.',
    {
      severity: 'info',
      symptom: silent,
      see: `${getWebhook}; look at matchConditions (CEL).`,
      fix: 'Read the expressions with this pod in mind: one that is false leaves it out; one that fails counts by failurePolicy.',
    },
  ),
};
