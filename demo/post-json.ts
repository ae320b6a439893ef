import { request } from 'node:https';
import { json } from 'node:stream/consumers';

/** Posts JSON over https, trusting one CA only, as the API server calls a webhook. */
export async function postJson(url: string, body: unknown, ca: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = request(url, {
      method: 'POST',
      ca,
      headers: { 'content-type': 'application/json', accept: 'application/json, */*' },
      agent: false,
    });
    call.on('error', reject);
    call.on('response', (response) => {
      if (response.statusCode === 200) json(response).then(resolve, reject);
      else {
        response.resume();
        reject(new Error(`${url} answered ${String(response.statusCode)}`));
      }
    });
    call.end(JSON.stringify(body));
  });
}
