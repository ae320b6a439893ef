import { RoleMappingsError } from 'irsa/errors';
import { parsePodIdentityAssociations, parseRoleMappings } from 'irsa/patch';
import { describe, expect, it } from 'vitest';

const role = (name: string): { RoleARN: string } => ({
  RoleARN: `arn:aws:iam::111122223333:role/${name}`,
});
const nameOf = (source: unknown, namespace: string, name: string): string | undefined =>
  parseRoleMappings(source).find(namespace, name)?.roleArn.split('/')[1];

describe('parseRoleMappings', () => {
  it('reads the ConfigMap, the text of its config, and that text parsed', () => {
    const config = { 'default/s3-echoer': role('a') };
    const text = JSON.stringify(config);
    const configMap = { metadata: { name: 'pod-identity-webhook' }, data: { config: text } };
    for (const source of [config, text, configMap]) {
      expect(nameOf(source, 'default', 's3-echoer')).toBe('a');
      expect(parseRoleMappings(source).size).toBe(1);
    }
    expect(parseRoleMappings('null').size).toBe(0);
    expect(parseRoleMappings({ data: { config: '{}' } }).size).toBe(0);
  });

  it('matches field names as encoding/json does, long s and Kelvin sign included (§1.8)', () => {
    const entry = { rolearn: 'r', AUDIENCE: 'a', useRegionalſTS: true, ToKenExpiration: 900 };
    expect(parseRoleMappings({ 'a/b': entry }).find('a', 'b')).toEqual({
      key: 'a/b',
      roleArn: 'r',
      audience: 'a',
      regionalSts: true,
      tokenExpirationSeconds: 900,
    });
    expect(
      parseRoleMappings({ 'a/b': { RoleARN: null, TokenExpiration: 0 } }).find('a', 'b'),
    ).toEqual({ key: 'a/b', roleArn: '' });
  });

  it('takes the last of several spellings of a field, and none of them may be of a wrong type', () => {
    const entry = JSON.parse(
      '{"RoleARN":"a","rolearn":"b","ROLEARN":null,"Audience":"x","audience":""}',
    );
    expect(parseRoleMappings({ 'a/b': entry }).find('a', 'b')).toEqual({
      key: 'a/b',
      roleArn: 'b',
    });
    for (const twice of [
      '{"RoleARN":5,"rolearn":"b"}',
      '{"TokenExpiration":"900","tokenexpiration":900}',
    ]) {
      expect(() => parseRoleMappings({ 'a/b': JSON.parse(twice) })).toThrow(RoleMappingsError);
    }
    const identity = JSON.parse('{"namespace":5,"Namespace":"a","serviceAccount":"b"}');
    expect(() => parsePodIdentityAssociations({ identities: [identity] })).toThrow(/namespace/);
  });

  it('reads whole seconds as far as int64 goes, and passes over what is deeper in a field that it does not know', () => {
    const text =
      '{"a/b":{"x":{"TokenExpiration":1.5},"y":[{"TokenExpiration":1e3}],"TokenExpiration":9223372036854775807}}';
    expect(parseRoleMappings(text).find('a', 'b')?.tokenExpirationSeconds).toBe(2 ** 63);
  });

  it('§2.27 matches wildcards in namespace and name, not only the literal *', () => {
    const config = {
      'test-*/reader': role('pattern-exact'),
      'default/*': role('exact-pattern'),
      '*/reader': role('star-exact'),
      '*-prod/app-?': role('suffix'),
      '*mid*/x': role('middle'),
    };
    expect(nameOf(config, 'test-7', 'reader')).toBe('pattern-exact');
    expect(nameOf(config, 'default', 'other')).toBe('exact-pattern');
    expect(nameOf(config, 'team', 'reader')).toBe('star-exact');
    expect(nameOf(config, 'eu-prod', 'app-1')).toBe('suffix');
    expect(nameOf(config, 'eu-prod', 'app-12')).toBeUndefined();
    expect(nameOf(config, 'amidst', 'x')).toBe('middle');
    expect(nameOf(config, 'amis', 'x')).toBeUndefined();
    expect(nameOf({ 'a?c/x': role('one') }, 'abd', 'x')).toBeUndefined();
    expect(nameOf({ 'a?c/x': role('one') }, 'abc', 'x')).toBe('one');
    expect(nameOf(config, 'team', 'writer')).toBeUndefined();
  });

  it('prefers an exact entry, then an exact namespace, then an exact name, then more literals, then the first key', () => {
    const config = {
      '*/*': role('anything'),
      '*/reader': role('name'),
      'default/*': role('namespace'),
      'default/reader': role('exact'),
      'team-*/*': role('short'),
      'team-a*/*': role('long'),
      'x?/*': role('one'),
      'x*/*': role('any'),
    };
    expect(nameOf(config, 'default', 'reader')).toBe('exact');
    expect(nameOf(config, 'default', 'writer')).toBe('namespace');
    expect(nameOf(config, 'team-a1', 'reader')).toBe('name');
    expect(nameOf(config, 'team-a1', 'writer')).toBe('long');
    expect(nameOf(config, 'team-b', 'writer')).toBe('short');
    expect(nameOf(config, 'other', 'writer')).toBe('anything');
    expect(nameOf(config, 'x1', 'writer')).toBe('any');
  });

  it('takes a/b/c for a/b, unless there is an a/b', () => {
    expect(nameOf({ 'a/b/c': role('long') }, 'a', 'b')).toBe('long');
    expect(nameOf({ 'a/b': role('short'), 'a/b/c': role('long') }, 'a', 'b')).toBe('short');
  });

  it.each([
    ['not JSON', '{'],
    ['a list', '[]'],
    ['a number', 5],
    ['nothing', undefined],
    ['a ConfigMap without config', { data: {} }],
    ['a ConfigMap with bad JSON', { data: { config: '{' } }],
    ['another ConfigMap', { metadata: { name: 'other' }, data: { config: '{}' } }],
    ['§2.25 a key without a slash', { reader: role('a') }],
    ['§2.25 an entry that is null', { 'a/b': null }],
    ['a role that is no text', { 'a/b': { RoleARN: 5 } }],
    ['an audience that is no text', { 'a/b': { Audience: [] } }],
    ['a switch that is no switch', { 'a/b': { UseRegionalSTS: 'true' } }],
    ['a lifetime that is no number', { 'a/b': { TokenExpiration: '900' } }],
    ['a lifetime with a fraction', { 'a/b': { TokenExpiration: 900.5 } }],
    ['a lifetime past int64', { 'a/b': { TokenExpiration: 1e19 } }],
    ['a lifetime written 900.0', '{"a/b":{"TokenExpiration":900.0}}'],
    ['a lifetime past int64', '{"a/b":{"TokenExpiration":9223372036854775808}}'],
    ['a lifetime below int64', '{"a/b":{"TokenExpiration":-9223372036854775809}}'],
    ['a lifetime written 9e2', '{"a/b":{"toKenExpiration" : 9e2}}'],
  ])('refuses %s', (_, source) => {
    expect(() => parseRoleMappings(source)).toThrow(RoleMappingsError);
  });

  it('does not take other fractions, or text that looks like one, for a fault', () => {
    const text =
      '{"a/b":{"other":1.5,"RoleARN":"\\"TokenExpiration\\":1.5","TokenExpiration":900}}';
    expect(parseRoleMappings(text).find('a', 'b')?.tokenExpirationSeconds).toBe(900);
  });

  it('§2.25 can leave a bad entry out and keep the others', () => {
    const mappings = parseRoleMappings(
      { reader: role('a'), 'a/b': role('b'), 'c/d': null },
      { onInvalid: 'omit' },
    );
    expect(mappings.size).toBe(1);
    expect(mappings.omitted.map(({ key }) => key)).toEqual(['reader', 'c/d']);
    expect(mappings.omitted[0]?.why).toContain('NAMESPACE/SERVICEACCOUNT');
    const lenient = parseRoleMappings('{"a/b":{"TokenExpiration":900.0}}', { onInvalid: 'omit' });
    expect(lenient.find('a', 'b')?.tokenExpirationSeconds).toBe(900);
  });

  it('is not led astray by __proto__', () => {
    const mappings = parseRoleMappings(
      '{"__proto__/constructor":{"RoleARN":"r"},"a/b":{"__proto__":1}}',
    );
    expect(mappings.find('__proto__', 'constructor')?.roleArn).toBe('r');
    expect(mappings.find('a', 'toString')).toBeUndefined();
    expect(({} as Record<string, unknown>)['RoleARN']).toBeUndefined();
  });
});

describe('parsePodIdentityAssociations', () => {
  it('reads the identities file', () => {
    const file = {
      identities: [
        { namespace: 'a', serviceAccount: 'x' },
        { namespace: 'a', serviceAccount: 'y' },
        { namespace: 'a', serviceAccount: 'x' },
        { Namespace: 'b', SERVICEACCOUNT: 'z' },
      ],
    };
    for (const source of [file, JSON.stringify(file)]) {
      const associations = parsePodIdentityAssociations(source);
      expect(associations.size).toBe(3);
      expect(associations.has('a', 'y')).toBe(true);
      expect(associations.has('b', 'z')).toBe(true);
      expect(associations.has('b', 'x')).toBe(false);
      expect(associations.has('c', 'x')).toBe(false);
    }
  });

  it('has none in an empty file', () => {
    for (const source of ['', 'null', null, undefined, {}, { identities: null }]) {
      expect(parsePodIdentityAssociations(source).size).toBe(0);
    }
    expect(parsePodIdentityAssociations({ identities: [null, {}] }).has('', '')).toBe(true);
  });

  it.each([
    ['{'],
    ['[]'],
    [5],
    [{ identities: {} }],
    [{ identities: [5] }],
    [{ identities: [{ namespace: 1 }] }],
  ])('refuses %j', (source) => {
    expect(() => parsePodIdentityAssociations(source)).toThrow(
      expect.objectContaining({ code: 'ERR_POD_IDENTITY_ASSOCIATIONS' }),
    );
  });
});
