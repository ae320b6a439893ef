import type { ApiServerSettings, ConfigFile, Flag } from './types.js';

/** One flag a line, for systemd units, scripts and whatever starts the programs directly. */
export function renderFlags(settings: ApiServerSettings): ConfigFile[] {
  const content = (flags: readonly Flag[]): string =>
    flags.map(({ name, value }) => `--${name}=${value}\n`).join('');
  return [
    {
      path: 'kube-apiserver.flags',
      content: content(settings.apiServerFlags),
      notes: ['Replace flags of the same names; keep the order of --service-account-issuer.'],
    },
    {
      path: 'kube-controller-manager.flags',
      content: content(settings.controllerManagerFlags),
      notes: settings.notes,
    },
  ];
}
