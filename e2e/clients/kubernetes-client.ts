import { Agent } from 'node:https';
import { sendHttps } from './send-https.js';
import type { HttpsAnswer } from './send-https.js';

/** A JSON object of the Kubernetes API; the scenarios read it field by field. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- scenarios look into arbitrary Kubernetes JSON, and assert on what they find
export type KubernetesJson = any;

export interface KubernetesAnswer {
  readonly status: number;
  readonly body: KubernetesJson;
  readonly warnings: readonly string[];
}

/** A Kubernetes API client of a few lines: paths and JSON in, JSON out. */
export interface KubernetesClient {
  /** Sends a request whatever the answer's status. */
  send(
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<KubernetesAnswer>;
  /** The answer's bytes as they came. */
  sendRaw(method: string, path: string): Promise<HttpsAnswer>;
  get(path: string): Promise<KubernetesJson>;
  create(path: string, body: unknown): Promise<KubernetesJson>;
  /** Server-side apply; the object's own path. */
  apply(path: string, body: unknown): Promise<KubernetesJson>;
  remove(path: string): Promise<void>;
  close(): void;
}

/** Talks to one API server with one bearer token over kept-alive connections. */
export function createKubernetesClient(options: {
  readonly server: string;
  readonly token: string;
  readonly ca: string;
}): KubernetesClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca: options.ca });
  const sendRaw = (
    method: string,
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<HttpsAnswer> =>
    sendHttps({
      url: `${options.server}${path}`,
      ca: options.ca,
      agent,
      method,
      headers: {
        authorization: `Bearer ${options.token}`,
        // The JWKS is of another type than the rest, and refused to those who ask for application/json.
        accept: '*/*',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const send: KubernetesClient['send'] = async (method, path, body, contentType) => {
    const answer = await sendRaw(method, path, body, contentType);
    const warning = answer.headers['warning'];
    return {
      status: answer.status,
      body: parseBody(answer.text),
      warnings: warning === undefined ? [] : [warning].flat(),
    };
  };
  const must = async (
    method: string,
    path: string,
    body?: unknown,
    contentType?: string,
  ): Promise<KubernetesJson> => {
    const answer = await send(method, path, body, contentType);
    if (answer.status < 300) return answer.body;
    throw new Error(
      `${method} ${path} was answered with ${String(answer.status)}: ${String(answer.body?.message ?? answer.body)}`,
    );
  };
  return {
    send,
    sendRaw: (method, path) => sendRaw(method, path),
    get: (path) => must('GET', path),
    create: (path, body) => must('POST', path, body),
    apply: (path, body) =>
      must('PATCH', `${path}?fieldManager=e2e&force=true`, body, 'application/apply-patch+yaml'),
    remove: async (path) => {
      await must('DELETE', path);
    },
    close: () => {
      agent.destroy();
    },
  };
}

function parseBody(text: string): KubernetesJson {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
