// Run by process-exit.test.ts in a process of its own: what it does not await must not keep it alive.
import { createWebIdentityProvider, fromProjectedToken } from 'irsa/credentials';

const [, , what, roleArn = ''] = process.argv;
const role = (): {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  expiration: Date;
} => ({
  accessKeyId: 'ASIACHILD',
  secretAccessKey: 'b',
  sessionToken: 'c',
  expiration: new Date(Date.now() + 3_600_000),
});
let tries = 0;
const ports = { roleArn, validateToken: false, readToken: () => Promise.resolve('opaque') };

switch (what) {
  case 'credentials cached and nothing closed':
    process.stdout.write((await fromProjectedToken()()).accessKeyId);
    break;
  case 'a call that is never answered and that nobody awaits':
    void createWebIdentityProvider({
      ...ports,
      deadlineSeconds: 600,
      assumeRole: () => new Promise(() => {}),
    })();
    process.stdout.write('gone on');
    break;
  case 'its first credentials, which needed a second try': {
    const provider = createWebIdentityProvider({
      ...ports,
      assumeRole: () => {
        tries += 1;
        if (tries > 1) return Promise.resolve({ credentials: role() });
        return Promise.reject(Object.assign(new Error('x'), { name: 'ServiceUnavailable' }));
      },
    });
    process.stdout.write((await provider()).accessKeyId);
    break;
  }
  default:
    throw new Error(`no such case: ${String(what)}`);
}
