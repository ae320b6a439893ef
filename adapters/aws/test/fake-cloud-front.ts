import type { CloudFrontClient, DistributionConfig } from '@aws-sdk/client-cloudfront';

/** A request as the SDK was given it. */
export interface CloudFrontRequest {
  readonly command: string;
  readonly input: unknown;
}

/** Answers the calls of the adapter from memory, and keeps them: CloudFront cannot be emulated, its requests can be read. */
export class FakeCloudFront {
  readonly requests: CloudFrontRequest[] = [];
  /** How many more looks until a change is on every edge. */
  deploying = 0;
  #accessControl: { Id: string; config: Record<string, unknown> } | undefined;
  #cachePolicy: { Id: string; config: Record<string, unknown> } | undefined;
  #distribution: { config: Record<string, unknown>; tags: unknown } | undefined;
  #failing: { readonly command: string; readonly moment: 'before' | 'after' } | undefined;
  readonly #arn: string;

  constructor(arn = 'arn:aws:cloudfront::111122223333:distribution/E2EXAMPLE') {
    this.#arn = arn;
  }

  /** Changes the distribution behind our back. */
  drift(
    change: (config: DistributionConfig) => Partial<Record<keyof DistributionConfig, unknown>>,
  ): void {
    const { config } = this.#distribution ?? {};
    if (config) Object.assign(config, change(config as unknown as DistributionConfig));
  }

  /** As a new account. */
  forget(): void {
    this.#accessControl = undefined;
    this.#cachePolicy = undefined;
    this.#distribution = undefined;
  }

  /** The next such call fails: nothing is done, or it is done and its answer is lost. */
  failOnce(command: string, moment: 'before' | 'after'): void {
    this.#failing = { command, moment };
  }

  readonly send = ((command: { input: Record<string, unknown> }) => {
    const name = command.constructor.name.replace(/Command$/, '');
    this.requests.push({ command: name, input: command.input });
    const failing = this.#failing?.command === name ? this.#failing.moment : undefined;
    const lost = Promise.reject.bind(Promise, new Error('the connection was cut'));
    if (failing !== undefined) this.#failing = undefined;
    if (failing === 'before') return lost();
    const answer = this.#answer(name, command.input);
    return failing === 'after' ? lost() : Promise.resolve(answer);
  }) as unknown as CloudFrontClient['send'];

  #distributionAnswer(): Record<string, unknown> {
    const status = this.deploying > 0 ? 'InProgress' : 'Deployed';
    if (this.deploying > 0) this.deploying -= 1;
    return {
      Id: 'E2EXAMPLE',
      ARN: this.#arn,
      DomainName: 'd111111abcdef8.cloudfront.net',
      Status: status,
      DistributionConfig: this.#distribution?.config,
    };
  }

  #answer(name: string, input: Record<string, unknown>): unknown {
    switch (name) {
      case 'ListOriginAccessControls': {
        const { Id, config } = this.#accessControl ?? {};
        return { OriginAccessControlList: { Items: Id === undefined ? [] : [{ Id, ...config }] } };
      }
      case 'ListCachePolicies': {
        const { Id, config } = this.#cachePolicy ?? {};
        const item = { CachePolicy: { Id, CachePolicyConfig: config } };
        return { CachePolicyList: { Items: Id === undefined ? [] : [item] } };
      }
      case 'ListDistributions': {
        const item = { Id: 'E2EXAMPLE', Comment: this.#distribution?.config['Comment'] };
        return { DistributionList: { Items: this.#distribution ? [item] : [] } };
      }
      case 'GetDistribution':
        return { ETag: 'D1', Distribution: this.#distributionAnswer() };
      case 'GetDistributionConfig':
        return { ETag: 'D1', DistributionConfig: this.#distribution?.config };
      case 'ListTagsForResource':
        return { Tags: this.#distribution?.tags };
      case 'CreateOriginAccessControl': {
        this.#accessControl = {
          Id: 'OAC1',
          config: input['OriginAccessControlConfig'] as Record<string, unknown>,
        };
        return { OriginAccessControl: { Id: 'OAC1' } };
      }
      case 'GetOriginAccessControl':
        return { ETag: 'O1' };
      case 'DeleteOriginAccessControl':
        this.#accessControl = undefined;
        return {};
      case 'CreateCachePolicy':
      case 'UpdateCachePolicy':
        this.#cachePolicy = {
          Id: 'CP1',
          config: input['CachePolicyConfig'] as Record<string, unknown>,
        };
        return { CachePolicy: { Id: 'CP1' } };
      case 'GetCachePolicy':
        return { ETag: 'C1' };
      case 'DeleteCachePolicy':
        this.#cachePolicy = undefined;
        return {};
      case 'CreateDistributionWithTags': {
        const { DistributionConfig, Tags } = input['DistributionConfigWithTags'] as Record<
          string,
          unknown
        >;
        this.#distribution = {
          config: structuredClone(DistributionConfig) as Record<string, unknown>,
          tags: Tags,
        };
        return { Distribution: this.#distributionAnswer() };
      }
      case 'UpdateDistribution':
        if (this.#distribution) {
          this.#distribution.config = structuredClone(input['DistributionConfig']) as Record<
            string,
            unknown
          >;
        }
        return {};
      case 'DeleteDistribution':
        this.#distribution = undefined;
        return {};
      case 'CreateInvalidation':
        return { Invalidation: { Id: 'I1' } };
      default:
        throw new Error(`no answer for ${name}`);
    }
  }
}
