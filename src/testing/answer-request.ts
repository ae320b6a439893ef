import type { Account } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { textOfBytes } from './bytes.js';
import { decodeAwsChunked } from './decode-aws-chunked.js';
import {
  parseQuery,
  type AwsReply,
  type AwsRequest,
  type Caller,
  type QueryParameters,
} from './exchange.js';
import { handleIam } from './iam-api.js';
import { handleS3, s3Address, s3Operation } from './s3-api.js';
import { handleSts } from './sts-api.js';
import type { LoggedRequest } from './types.js';
import {
  isSigned,
  signedService,
  verifySignatureV4,
  type VerifiedSignature,
} from './verify-signature-v4.js';
import { xmlDocument } from './xml.js';

/** Which API a request is for. */
export interface Target {
  readonly service: LoggedRequest['service'];
  readonly operation: string;
  /** Parameters of a query API call; empty for S3. */
  readonly parameters: QueryParameters;
}

/** An answer with what the log keeps of it. */
export interface Answer {
  readonly reply: AwsReply;
  readonly errorCode?: string;
  readonly accessKeyId?: string;
}

/** Finds out which service and operation a request is for, before anything is verified. */
export function targetOf(request: AwsRequest): Target {
  const form = (request.headers['content-type'] ?? '').startsWith(
    'application/x-www-form-urlencoded',
  );
  const parameters = new Map(
    form ? [...request.query, ...parseQuery(textOfBytes(request.body))] : request.query,
  );
  const action = parameters.get('Action');
  const service = signedService(request);
  if (service === 'iam') return { service, operation: action ?? 'Unknown', parameters };
  if (service === 'sts' || (service === undefined && action !== undefined)) {
    return { service: 'sts', operation: action ?? 'Unknown', parameters };
  }
  let operation = 'Unknown';
  try {
    operation = s3Operation(request)?.operation ?? operation;
  } catch {
    // A path that cannot be decoded is answered, and named, later.
  }
  return { service: 's3', operation, parameters: new Map() };
}

/** Verifies who asks, lets the service answer, and turns refusals into AWS's error replies. */
export async function answerRequest(
  account: Account,
  request: AwsRequest,
  target: Target,
): Promise<Answer> {
  let accessKeyId: string | undefined;
  try {
    const verified = isSigned(request) ? await verify(account, request) : undefined;
    accessKeyId = verified?.accessKeyId;
    const reply = await dispatch(account, request, target, verified);
    return { reply, ...(accessKeyId === undefined ? {} : { accessKeyId }) };
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    return {
      reply: errorReply(account, target.service, error, request),
      errorCode: error.code,
      ...(accessKeyId === undefined ? {} : { accessKeyId }),
    };
  }
}

async function verify(account: Account, request: AwsRequest): Promise<VerifiedSignature> {
  const { administrator, sessions } = account;
  return verifySignatureV4({
    request,
    now: account.now(),
    findKeys: (accessKeyId) =>
      accessKeyId === administrator.accessKeyId ? administrator : sessions.get(accessKeyId),
  });
}

function callerOf(account: Account, verified: VerifiedSignature | undefined): Caller {
  if (verified === undefined) return { kind: 'anonymous' };
  const { accessKeyId } = verified;
  const session = account.sessions.get(accessKeyId);
  return session === undefined
    ? { kind: 'administrator', accessKeyId }
    : { kind: 'session', accessKeyId, session };
}

async function dispatch(
  account: Account,
  request: AwsRequest,
  target: Target,
  verified: VerifiedSignature | undefined,
): Promise<AwsReply> {
  const caller = callerOf(account, verified);
  if (target.service === 'sts') return handleSts(account, target.parameters, caller);
  if (target.service === 'iam') return handleIam(account, target.parameters, caller);
  const streaming = verified?.payloadHash.startsWith('STREAMING-') === true;
  const { body, trailers } = streaming
    ? await decodeAwsChunked(request.body, verified)
    : { body: request.body, trailers: {} };
  return handleS3({
    account,
    request,
    caller,
    ...s3Address(request),
    body,
    fields: { ...request.headers, ...trailers },
    signedRegion: verified?.region,
  });
}

/** An error in the XML of its service. */
export function errorReply(
  account: Account,
  service: LoggedRequest['service'],
  error: Pick<AwsFailure, 'code' | 'message' | 'status'>,
  request: AwsRequest,
): AwsReply {
  const RequestId = account.newId(16);
  const { code: Code, message: Message, status } = error;
  if (service === 's3') {
    const headers = { 'content-type': 'application/xml', 'x-amz-request-id': RequestId };
    if (request.method === 'HEAD') return { status, headers };
    return {
      status,
      headers,
      body: xmlDocument({ Error: { Code, Message, Resource: request.path, RequestId } }),
    };
  }
  const namespace =
    service === 'sts'
      ? 'https://sts.amazonaws.com/doc/2011-06-15/'
      : 'https://iam.amazonaws.com/doc/2010-05-08/';
  return {
    status,
    headers: { 'x-amzn-requestid': RequestId },
    body: xmlDocument({
      [`ErrorResponse xmlns="${namespace}"`]: {
        Error: { Type: status >= 500 ? 'Receiver' : 'Sender', Code, Message },
        RequestId,
      },
    }),
  };
}
