import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const [build = '', image = ''] = read('adapters/webhook/Dockerfile')
  .split(/^FROM /m)
  .slice(1);

// It is not built here: what can be held without a container runtime is held.
describe('the Dockerfile', () => {
  it('has a build stage and a small image: no shell, a user of its own, only what it needs', () => {
    expect(build).toMatch(/^node:\d+-\S+ AS build\n/);
    expect(image).toMatch(/^gcr\.io\/distroless\/nodejs\d+-debian\d+:nonroot\n/);
    expect(/nodejs(\d+)/.exec(image)?.[1]).toBe(/^node:(\d+)/.exec(build)?.[1]);
    expect(image).toMatch(/^USER 65532:65532$/m);
    expect(image).not.toMatch(/^RUN /m);
    expect(image.match(/^COPY .*$/gm)).toEqual([
      'COPY --from=build --chown=0:0 /app/node_modules /app/node_modules',
    ]);
  });

  it('copies what there is, and the manifest of every workspace before npm ci', () => {
    const copies = [...build.matchAll(/^COPY (.+) \S+$/gm)].map(([, from = '']) => from.split(' '));
    const copied = copies.flat();
    expect(copied.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
    const beforeInstall = build.slice(0, build.indexOf('npm ci'));
    const { workspaces } = JSON.parse(read('package-lock.json')).packages[''] as {
      workspaces: string[];
    };
    expect(workspaces).toEqual(['.', 'adapters/*']);
    for (const name of ['webhook', 'aws', 'cli']) {
      expect(beforeInstall).toContain(`COPY adapters/${name}/package.json adapters/${name}/`);
    }
  });

  it('takes nothing of the machine that builds it: no modules, no builds', () => {
    const passedOver = read('.dockerignore').split('\n');
    expect(passedOver).toEqual(
      expect.arrayContaining(['.git', ...['**/node_modules', '**/dist', '**/coverage']]),
    );
  });

  it('starts the program of the package, on the ports that the manifests name', () => {
    const { bin } = JSON.parse(read('adapters/webhook/package.json')) as {
      bin: Record<string, string>;
    };
    const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(image)?.[1] ?? '[]') as string[];
    expect(entry).toEqual([
      '/nodejs/bin/node',
      `/app/node_modules/irsa-webhook/${bin['irsa-webhook']!.replace('./', '')}`,
    ]);
    const manifests = read('adapters/webhook/kustomize/base/webhook.yaml');
    for (const port of /^EXPOSE (.*)$/m.exec(image)?.[1]?.split(' ') ?? []) {
      expect(manifests).toContain(`containerPort: ${port}\n`);
    }
    expect(manifests).toContain('readOnlyRootFilesystem: true');
    expect(manifests).toContain('runAsUser: 65532');
  });
});
