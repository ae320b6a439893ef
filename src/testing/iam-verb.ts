import type { Account } from './account.js';
import type { QueryParameters } from './exchange.js';
import type { XmlNode } from './xml.js';

/** One IAM verb: parameters in, the content of its Result out; undefined for verbs that return nothing. */
export type IamVerb = (account: Account, parameters: QueryParameters) => XmlNode;
