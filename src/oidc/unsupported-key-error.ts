import { KeyError } from '../errors.js';

/** A whole, readable key of a kind that AWS or Kubernetes does not take: `onUnsupported: 'omit'` may leave it out. */
export class UnsupportedKeyError extends KeyError {
  /** Which key it is and why it is no good, without the advice. */
  readonly why: string;

  constructor(why: string, advice: string) {
    super(
      `key: expected RSA of 2048 to 16384 bits or EC on P-256, P-384 or P-521, got ${why}; ${advice}`,
      { expected: 'RSA (2048 bits and more) or P-256/P-384/P-521', actual: why },
    );
    this.name = 'KeyError';
    this.why = why;
  }
}
