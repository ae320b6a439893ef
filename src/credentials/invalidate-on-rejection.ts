/** The part of an SDK client's middleware stack that is used here. */
export interface MiddlewareStackLike {
  add(middleware: never, options: never): void;
}

/** A plugin for `client.middlewareStack.use`. */
export interface ClientPlugin {
  applyToStack(stack: MiddlewareStackLike): void;
}

type Handler = (args: unknown) => Promise<unknown>;

// The codes with which services say that a credential is no longer good.
const rejections: ReadonlySet<unknown> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidToken',
  'InvalidTokenException',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
]);

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

/**
 * A plugin that has the provider refresh when a service rejects its credential as expired or unknown.
 *
 * @param provider - the provider that the client was given
 * @example
 * ```ts no-run
 * import { S3Client } from '@aws-sdk/client-s3';
 * import { fromProjectedToken, invalidateOnRejection } from 'irsa/credentials';
 * const credentials = fromProjectedToken();
 * const s3 = new S3Client({ credentials });
 * s3.middlewareStack.use(invalidateOnRejection(credentials));
 * ```
 */
export function invalidateOnRejection(provider: {
  invalidate(accessKeyId?: string): void;
}): ClientPlugin {
  const middleware =
    (next: Handler, context: unknown): Handler =>
    async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const scheme = field(field(context, '__smithy_context'), 'selectedHttpAuthScheme');
        const accessKeyId = field(field(scheme, 'identity'), 'accessKeyId');
        if (typeof accessKeyId === 'string' && rejections.has(field(error, 'name'))) {
          provider.invalidate(accessKeyId);
        }
        throw error;
      }
    };
  return {
    applyToStack: (stack) => {
      const options = { step: 'finalizeRequest', name: 'invalidateOnRejection', priority: 'low' };
      // The SDK's stack is typed by the client's inputs and outputs; this middleware looks at neither.
      stack.add(middleware as never, options as never);
    },
  };
}
