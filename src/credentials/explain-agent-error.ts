import { explainStsError, type StsErrorExplanation } from './explain-sts-error.js';
import { networkCodes } from './sts-error-rows.js';

/** `fromHttp` hands on what happened as text only: the name or code of the error, or the status. */
const isOfNetwork = (message: string): boolean =>
  message.split(/[^\w]+/).some((word) => networkCodes.has(word));

/** What passes: an agent that starts or is busy, and an association that has not come to it yet. */
const passing = /^Server responded with status: (?:404|429|5\d\d)/;

/** Explains why the agent of container-credentials mode gave nothing, so that nobody looks for it at STS. */
export function explainAgentError(error: unknown): StsErrorExplanation {
  const explanation = explainStsError(error);
  const { id, message } = explanation;
  if (id === 'network' || isOfNetwork(message)) {
    return {
      ...explanation,
      id: 'agent-network',
      class: 'network',
      meaning: 'No answer of the agent arrived: connection or time-out.',
      fix: 'Check that the agent runs on this node (for EKS Pod Identity the DaemonSet eks-pod-identity-agent), and that network policies let the pod reach it.',
    };
  }
  return {
    ...explanation,
    id: 'agent',
    class: passing.test(message) ? 'transient' : explanation.class,
    meaning: 'The agent for container credentials gave none.',
    fix: 'Check that the pod’s ServiceAccount is associated with a role, and look at the agent’s log.',
  };
}
