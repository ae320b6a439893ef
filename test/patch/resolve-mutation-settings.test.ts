import { SettingsError } from 'irsa/errors';
import { computePodPatch, defaultMutationSettings, resolveMutationSettings } from 'irsa/patch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { account, podOf, type Json } from './support.js';

describe('resolveMutationSettings', () => {
  it('completes and freezes, and takes its own result without a copy', () => {
    const settings = resolveMutationSettings({ region: 'eu-west-1' });
    expect(settings).toEqual({ ...defaultMutationSettings, region: 'eu-west-1' });
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.containerCredentials)).toBe(true);
    expect(resolveMutationSettings(settings)).toBe(settings);
    expect(resolveMutationSettings()).toEqual(defaultMutationSettings);
    expect(resolveMutationSettings(defaultMutationSettings)).toBe(defaultMutationSettings);
    expect(Object.isFrozen(defaultMutationSettings.containerCredentials)).toBe(true);
  });

  it('takes undefined and null for what is left out, an empty region for none', () => {
    const nothing = { region: '', audience: undefined, composeRoleArn: null, tokenFileMode: null };
    expect(resolveMutationSettings(nothing as Json)).toEqual(defaultMutationSettings);
  });

  it('maps one to one to the flags of the Go webhook', () => {
    const all = {
      annotationDomain: 'irsa.example.com',
      audience: 'irsa',
      tokenMountPath: '/aws',
      tokenExpirationSeconds: 3600,
      region: 'eu-west-1',
      regionalSts: true,
      composeRoleArn: { accountId: '111122223333', partition: 'aws-cn' },
      containerCredentials: {
        audience: 'pods',
        tokenMountPath: '/pods',
        tokenVolumeName: 'pods-token',
        tokenPath: 'jwt',
        fullUri: 'http://169.254.170.23/v1/credentials',
      },
      behavior: 'eks',
      invalidIdentity: 'reject',
      roleSessionName: true,
      tokenFileMode: 0o440,
      zoneVariable: true,
    } as const;
    expect(resolveMutationSettings(all)).toEqual(all);
  });

  it('resolves settings of the same values once, wherever they lie', () => {
    const given = { region: 'eu-west-1', containerCredentials: { audience: 'pods' } };
    const settings = resolveMutationSettings(given);
    expect(resolveMutationSettings(structuredClone(given))).toBe(settings);
    expect(resolveMutationSettings(Object.create(given))).toBe(settings);
  });

  it('gives what the settings say now, whatever was asked before', () => {
    const some = <T>(value: fc.Arbitrary<T>) =>
      fc.option(value, { nil: undefined, freq: 2 }) as fc.Arbitrary<T>;
    const text = fc.constantFrom('one', 'two');
    const settings = fc.record({
      annotationDomain: some(text),
      audience: some(text),
      tokenMountPath: some(fc.constantFrom('/one', '/two')),
      tokenExpirationSeconds: some(fc.constantFrom(600, 3600)),
      region: some(text),
      regionalSts: some(fc.boolean()),
      composeRoleArn: some(
        fc.record({
          accountId: fc.constantFrom('111122223333', '444455556666'),
          partition: some(fc.constantFrom('aws', 'aws-cn')),
        }),
      ),
      containerCredentials: some(
        fc.record({
          audience: some(text),
          tokenMountPath: some(fc.constantFrom('/one', '/two')),
          tokenVolumeName: some(text),
          tokenPath: some(text),
          fullUri: some(fc.constantFrom('http://one', 'http://two')),
          ipFamily: some(fc.constantFrom('ipv4', 'ipv6')),
        }),
      ),
      behavior: some(fc.constantFrom('standard', 'eks')),
      invalidIdentity: some(fc.constantFrom('warn', 'reject')),
      roleSessionName: some(fc.boolean()),
      tokenFileMode: some(fc.constantFrom(0, 0o444)),
      zoneVariable: some(fc.boolean()),
    });
    // One field of one object changes at a time, as far as neighbours can be told apart.
    const names = [
      ...Object.keys(defaultMutationSettings),
      'region',
      'composeRoleArn',
      'tokenFileMode',
    ];
    const change = fc.tuple(fc.constantFrom(...names), settings);
    fc.assert(
      fc.property(settings, fc.array(change, { maxLength: 8 }), (first, changes) => {
        const given: Json = first;
        const apart = (): Json => {
          resolveMutationSettings({ audience: 'apart' });
          return resolveMutationSettings(given);
        };
        for (const [name, other] of changes) {
          given[name] = (other as Json)[name];
          expect(resolveMutationSettings(given)).toEqual(apart());
          expect(resolveMutationSettings(given)).toBe(resolveMutationSettings(given));
        }
      }),
    );
  });

  it('knows both addresses of EKS Pod Identity', () => {
    const uri = (containerCredentials: Json): string =>
      resolveMutationSettings({ containerCredentials }).containerCredentials.fullUri;
    expect(uri({ ipFamily: 'ipv4' })).toBe('http://169.254.170.23/v1/credentials');
    expect(uri({ ipFamily: 'ipv6' })).toBe('http://[fd00:ec2::23]/v1/credentials');
    expect(uri({ ipFamily: 'ipv6', fullUri: 'http://x' })).toBe('http://x');
  });

  it.each([
    ['annotationDomain', 5],
    ['annotationDomain', 'eks.amazonaws.com/'],
    ['annotationDomain', ''],
    ['annotationDomain', 'EKS.amazonaws.com'],
    ['audience', ''],
    ['audience', {}],
    ['tokenMountPath', 'relative'],
    ['tokenMountPath', '/a:b'],
    ['tokenMountPath', '/a/../b'],
    ['tokenExpirationSeconds', '3600'],
    ['tokenExpirationSeconds', 1.5],
    ['tokenExpirationSeconds', NaN],
    ['region', 'EU West'],
    ['regionalSts', 'true'],
    ['composeRoleArn', 'x'],
    ['composeRoleArn', { accountId: '1', partition: 'aws' }],
    ['composeRoleArn', { accountId: '111122223333', partition: 'azure' }],
    ['containerCredentials', []],
    ['containerCredentials', { audience: '' }],
    ['containerCredentials', { tokenVolumeName: 'a/b' }],
    ['containerCredentials', { tokenPath: '../x' }],
    ['containerCredentials', { tokenPath: '/x' }],
    ['containerCredentials', { tokenMountPath: 'x' }],
    ['containerCredentials', { ipFamily: 'ipv5' }],
    ['containerCredentials', { fullUri: '' }],
    ['containerCredentials', { fullUri: '169.254.170.23' }],
    ['behavior', 'azure'],
    ['invalidIdentity', 'ignore'],
    ['roleSessionName', 1],
    ['tokenFileMode', 0o1000],
    ['tokenFileMode', -1],
    ['tokenFileMode', '0440'],
    ['zoneVariable', null, 'ok'],
  ])('%s: %j', (name, value, verdict?: string) => {
    const resolve = (): unknown => resolveMutationSettings({ [name]: value });
    if (verdict === 'ok') expect(resolve).not.toThrow();
    else {
      expect(resolve).toThrow(SettingsError);
      expect(resolve).toThrow(new RegExp(`^settings\\.${name}`));
    }
  });

  it('takes any text with behavior eks, as the Go webhook does', () => {
    const settings = {
      behavior: 'eks',
      tokenMountPath: 'x',
      annotationDomain: '',
      audience: '',
    } as const;
    expect(resolveMutationSettings(settings)).toMatchObject(settings);
  });

  it('every function takes a part of the settings, too', () => {
    const pod = podOf();
    expect(() =>
      computePodPatch({
        pod,
        namespace: 'a',
        serviceAccount: account(),
        settings: { region: 'X' },
      }),
    ).toThrow(expect.objectContaining({ code: 'ERR_SETTINGS', path: 'region' }));
  });
});
