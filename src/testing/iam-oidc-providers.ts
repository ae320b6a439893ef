import type { Account, OidcProvider } from './account.js';
import { AwsFailure } from './aws-failure.js';
import type { IamVerb } from './iam-verb.js';
import {
  isoSeconds,
  listOf,
  mergeTags,
  renderTags,
  required,
  tagsOf,
  withoutTags,
} from './iam-parameters.js';
import type { QueryParameters } from './exchange.js';
import type { XmlNode } from './xml.js';

const maxProviders = 100;
const maxClientIds = 100;
const maxThumbprints = 5;

const invalid = (message: string): AwsFailure => new AwsFailure('InvalidInput', message);

function findProvider(account: Account, parameters: QueryParameters): OidcProvider {
  const arn = required(parameters, 'OpenIDConnectProviderArn');
  const provider = account.providers.get(arn);
  if (provider === undefined) {
    throw new AwsFailure('NoSuchEntity', `OpenIDConnect Provider not found for arn ${arn}`, 404);
  }
  return provider;
}

function checkUrl(url: string): void {
  if (url.length > 255)
    throw invalid('The URL of the OpenIDConnect provider is longer than 255 characters.');
  if (!/^https:\/\/[^/?#:@\s]+(?:\/[^?#\s]*)?$/.test(url)) {
    throw invalid(
      'Invalid Open ID Connect Provider URL: it must begin with https:// and have neither port, query nor fragment.',
    );
  }
}

function checkClientIds(clientIds: readonly string[]): void {
  if (clientIds.length > maxClientIds) {
    throw new AwsFailure(
      'LimitExceeded',
      `Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: ${String(maxClientIds)}`,
      409,
    );
  }
  if (clientIds.some((id) => id.length < 1 || id.length > 255))
    throw invalid('Client IDs have 1 to 255 characters.');
}

function checkThumbprints(thumbprints: readonly string[]): void {
  if (thumbprints.length > maxThumbprints)
    throw invalid('Thumbprint list must contain fewer than 5 entries.');
  if (thumbprints.some((thumbprint) => thumbprint.length !== 40)) {
    throw new AwsFailure(
      'ValidationError',
      "1 validation error detected: Value at 'thumbprintList' failed to satisfy constraint: Member must have length equal to 40",
    );
  }
}

const update = (account: Account, provider: OidcProvider): XmlNode => {
  account.providers.set(provider.arn, provider);
  // As at AWS, a change of the provider empties what STS remembers of its keys.
  account.issuerKeys.delete(provider.url);
  return undefined;
};

const create: IamVerb = (account, parameters) => {
  const url = required(parameters, 'Url');
  checkUrl(url);
  const clientIds = listOf(parameters, 'ClientIDList');
  const thumbprints = listOf(parameters, 'ThumbprintList');
  checkClientIds(clientIds);
  checkThumbprints(thumbprints);
  const arn = `arn:${account.partition}:iam::${account.accountId}:oidc-provider/${url.slice('https://'.length)}`;
  if (account.providers.has(arn)) {
    throw new AwsFailure('EntityAlreadyExists', `Provider with url ${url} already exists.`, 409);
  }
  if (account.providers.size >= maxProviders) {
    throw new AwsFailure(
      'LimitExceeded',
      `Cannot exceed quota for OpenIdConnectProvidersPerAccount: ${String(maxProviders)}`,
      409,
    );
  }
  const tags = mergeTags(new Map(), tagsOf(parameters));
  update(account, {
    arn,
    url,
    clientIds: [...new Set(clientIds)],
    thumbprints,
    tags,
    createdAt: account.now(),
  });
  return { OpenIDConnectProviderArn: arn, Tags: renderTags(tags) };
};

const get: IamVerb = (account, parameters) => {
  const provider = findProvider(account, parameters);
  return {
    Url: provider.url.slice('https://'.length),
    ClientIDList: { member: provider.clientIds },
    ThumbprintList: { member: provider.thumbprints },
    CreateDate: isoSeconds(provider.createdAt),
    Tags: renderTags(provider.tags),
  };
};

const addClientId: IamVerb = (account, parameters) => {
  const provider = findProvider(account, parameters);
  const clientIds = [...new Set([...provider.clientIds, required(parameters, 'ClientID')])];
  checkClientIds(clientIds);
  return update(account, { ...provider, clientIds });
};

const removeClientId: IamVerb = (account, parameters) => {
  const provider = findProvider(account, parameters);
  const gone = required(parameters, 'ClientID');
  return update(account, {
    ...provider,
    clientIds: provider.clientIds.filter((id) => id !== gone),
  });
};

const updateThumbprint: IamVerb = (account, parameters) => {
  const provider = findProvider(account, parameters);
  const thumbprints = listOf(parameters, 'ThumbprintList');
  checkThumbprints(thumbprints);
  return update(account, { ...provider, thumbprints });
};

/** The verbs of OIDC providers. */
export const oidcProviderVerbs: Readonly<Record<string, IamVerb>> = {
  CreateOpenIDConnectProvider: create,
  GetOpenIDConnectProvider: get,
  ListOpenIDConnectProviders: (account) => ({
    OpenIDConnectProviderList: { member: [...account.providers.keys()].map((Arn) => ({ Arn })) },
  }),
  DeleteOpenIDConnectProvider: (account, parameters) => {
    const provider = findProvider(account, parameters);
    account.providers.delete(provider.arn);
    account.issuerKeys.delete(provider.url);
    return undefined;
  },
  AddClientIDToOpenIDConnectProvider: addClientId,
  RemoveClientIDFromOpenIDConnectProvider: removeClientId,
  UpdateOpenIDConnectProviderThumbprint: updateThumbprint,
  TagOpenIDConnectProvider: (account, parameters) => {
    const provider = findProvider(account, parameters);
    return update(account, { ...provider, tags: mergeTags(provider.tags, tagsOf(parameters)) });
  },
  UntagOpenIDConnectProvider: (account, parameters) => {
    const provider = findProvider(account, parameters);
    return update(account, { ...provider, tags: withoutTags(provider.tags, parameters) });
  },
  ListOpenIDConnectProviderTags: (account, parameters) => ({
    Tags: renderTags(findProvider(account, parameters).tags),
    IsTruncated: false,
  }),
};
