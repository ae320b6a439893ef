import nock from 'nock';

/** What the stubbed STS answers once. */
export interface StubbedReply {
  /** Default `sts.us-west-2.amazonaws.com`. */
  readonly host?: string;
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly accessKeyId?: string;
}

/** One request as it went over the wire. */
export interface SeenRequest {
  readonly host: string;
  readonly form: Readonly<Record<string, string>>;
  readonly userAgent: string;
  readonly authorization: string | undefined;
}

export const assumedRoleXml = (accessKeyId = 'ASIAEXAMPLE', lifetimeSeconds = 3600): string =>
  `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/s3-echoer/pod</Arn><AssumedRoleId>AROAEXAMPLE:pod</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>example-secret</SecretAccessKey><SessionToken>example-session</SessionToken><Expiration>${new Date(Date.now() + lifetimeSeconds * 1000).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

/** Shuts the network; a test that opens it again calls {@link releaseNetwork}. */
export const holdNetwork = (): void => {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
};

/** Opens the network again, and throws where a stub was not used. */
export const releaseNetwork = (): void => {
  const unused = nock.pendingMocks();
  nock.cleanAll();
  nock.enableNetConnect();
  nock.restore();
  if (unused.length > 0) throw new Error(`unused stubs of STS: ${unused.join(', ')}`);
};

/** Answers the next POST to STS, and notes what was asked. */
export const stubAssumeRole = (reply: StubbedReply = {}): SeenRequest[] => {
  const { host = 'sts.us-west-2.amazonaws.com', status = 200, headers = {} } = reply;
  const seen: SeenRequest[] = [];
  nock(`https://${host}`)
    .post('/')
    .reply(function (_uri, body) {
      const header = (name: string): string | undefined => {
        const value: unknown = this.req.headers[name];
        const first: unknown = Array.isArray(value) ? value[0] : value;
        return typeof first === 'string' ? first : undefined;
      };
      const text = typeof body === 'string' ? new URLSearchParams(body) : Object.entries(body);
      seen.push({
        host,
        form: Object.fromEntries(text),
        userAgent: header('user-agent') ?? '',
        authorization: header('authorization'),
      });
      return [
        status,
        reply.body ?? assumedRoleXml(reply.accessKeyId),
        { 'content-type': 'text/xml', date: new Date().toUTCString(), ...headers },
      ];
    });
  return seen;
};
