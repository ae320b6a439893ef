import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flags } from '../src/flags.js';
import { parseOptions, type WebhookOptions } from '../src/parse-options.js';

const options = (args: string[], environment: Record<string, string> = {}): WebhookOptions => {
  const command = parseOptions(args, environment);
  if (command.kind !== 'run') throw new Error(`expected run, got ${command.kind}`);
  return command.options;
};

describe('parseOptions', () => {
  it('has the defaults of the Go webhook', () => {
    expect(options([])).toMatchObject({
      port: 443,
      metricsPort: 9999,
      namespace: 'eks',
      serviceName: 'pod-identity-webhook',
      certificates: 'provided',
      tlsCert: '/etc/webhook/certs/tls.crt',
      tlsKey: '/etc/webhook/certs/tls.key',
      settings: {
        annotationDomain: 'eks.amazonaws.com',
        audience: 'sts.amazonaws.com',
        tokenExpirationSeconds: 86_400,
        tokenMountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
        regionalSts: false,
      },
      notes: [],
    });
    expect(options([]).roleMappingConfigMap).toBeUndefined();
  });

  it('reads a command line of the Go webhook, and says what has no effect', () => {
    const read = options([
      '--in-cluster=false',
      '--namespace=eks',
      '--service-name',
      'pod-identity-webhook',
      '--annotation-prefix=eks.amazonaws.com',
      '--token-audience=amazonaws.com',
      '--watch-config-map',
      '--sts-regional-endpoint=true',
      '--aws-default-region=cn-north-1',
      '--compose-role-arn',
      '--account-id=111122223333',
      '--tls-min-version=VersionTLS13',
      '--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256,,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
      '--service-account-lookup-grace-period=100ms',
      '--watch-container-credentials-config=/etc/identities.json',
      '--container-credentials-audience=a',
      '--resync-period=60s',
      '--logtostderr',
      '-v=3',
    ]);
    expect(read).toMatchObject({
      roleMappingConfigMap: 'pod-identity-webhook',
      identitiesFile: '/etc/identities.json',
      tlsMinVersion: 'TLSv1.3',
      tlsCiphers: [
        'ECDHE-RSA-AES128-GCM-SHA256',
        'TLS_AES_128_GCM_SHA256',
        'ECDHE-RSA-CHACHA20-POLY1305',
        'ECDHE-ECDSA-AES256-SHA',
      ],
      lookupTimeoutMs: 100,
      settings: {
        audience: 'amazonaws.com',
        region: 'cn-north-1',
        regionalSts: true,
        composeRoleArn: { accountId: '111122223333', partition: 'aws-cn' },
        containerCredentials: { audience: 'a' },
      },
    });
    expect(read.notes).toEqual([
      '--in-cluster has no effect here: see --certificates',
      '--resync-period has no effect here: a watch needs no resync',
      '--logtostderr has no effect here: see --log-level; logs go to standard output',
      '--v has no effect here: see --log-level; logs go to standard output',
    ]);
  });

  it('takes the environment, and a flag before it', () => {
    const environment = { IRSA_WEBHOOK_TOKEN_AUDIENCE: 'from-env', IRSA_WEBHOOK_PORT: '8443' };
    const read = options(['--port', '9443'], environment);
    expect([read.port, read.settings.audience]).toEqual([9443, 'from-env']);
  });

  it('passes over the variables that Kubernetes makes of a Service with our name', () => {
    const environment = {
      IRSA_WEBHOOK_PORT: 'tcp://10.96.0.12:443',
      IRSA_WEBHOOK_METRICS_PORT: 'tcp://[fd00::1]:9999',
      IRSA_WEBHOOK_SERVICE_HOST: '10.96.0.12',
      IRSA_WEBHOOK_PORT_443_TCP_ADDR: '10.96.0.12',
    };
    const { port, metricsPort } = options([], environment);
    expect([port, metricsPort]).toEqual([443, 9999]);
  });

  it.each([
    [['--no-such-flag'], '--no-such-flag'],
    [['serve'], '"serve"'],
    [['--port=x'], '--port: expected a whole number from 0 to 65535, got "x"'],
    [['--port=70000'], '--port'],
    [['--port'], '--port: expected a value'],
    [['--watch-config-map=maybe'], '--watch-config-map: expected true or false'],
    [['--certificates=magic'], '--certificates: expected provided, cert-manager, self-managed'],
    [['--tls-min-version=1.1'], '--tls-min-version: expected 1.2, 1.3'],
    [
      ['--tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_RSA_WITH_RC4_128_SHA'],
      '--tls-cipher-suites: expected names of ciphers that OpenSSL knows, got "TLS_RSA_WITH_RC4_128_SHA"',
    ],
    [['--lame-duck=soon'], '--lame-duck: expected a duration such as'],
    [['--compose-role-arn'], '--account-id: expected the 12 digits'],
    [['--behavior=other'], '--behavior: expected standard, eks'],
    [['--token-mount-path=relative'], 'tokenMountPath'],
  ])('refuses %j in one sentence', (args, message) => {
    expect(() => parseOptions(args, {})).toThrow(
      expect.objectContaining({ code: 'ERR_SETTINGS', message: expect.stringContaining(message) }),
    );
  });

  it('reads durations as Go writes them', () => {
    const read = (text: string): number => options([`--lame-duck=${text}`]).lameDuckMs;
    expect(['0', '1s', '1m30s', '1.5s', '250ms', '1h', '.5s', '2000us', '1.s'].map(read)).toEqual([
      0, 1000, 90_000, 1500, 250, 3_600_000, 500, 2, 1000,
    ]);
  });

  it('has help for every flag that has an effect, with an example', () => {
    const command = parseOptions(['--help'], {});
    const text = command.kind === 'help' ? command.text : '';
    for (const [name, { ignored }] of Object.entries(flags)) {
      expect(text.includes(`\n  --${name}`)).toBe(ignored !== true);
    }
    expect(text).toContain('Example: irsa-webhook ');
    expect(parseOptions(['--version'], {})).toEqual({ kind: 'version' });
  });

  it('reads or refuses any command line, and throws nothing else', () => {
    const word = fc.oneof(
      fc.constantFrom(...Object.keys(flags)).map((name) => `--${name}`),
      fc
        .tuple(fc.constantFrom(...Object.keys(flags)), fc.string())
        .map(([name, value]) => `--${name}=${value}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (args) => {
        try {
          parseOptions(args, {});
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(SETTINGS|ARN)$/) });
        }
      }),
      { numRuns: 200 },
    );
  });
});
