#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createLineWriter } from './create-line-writer.js';
import { createLogger, errorField } from './create-logger.js';
import { loadInClusterAccess } from './kubernetes/load-in-cluster-access.js';
import { loadKubeconfigAccess } from './kubernetes/load-kubeconfig-access.js';
import { parseOptions, type Command, type WebhookOptions } from './parse-options.js';
import { runWebhook, type RunningWebhook } from './run-webhook.js';

const { write, flush } = createLineWriter((text) => process.stdout.write(text));
// A full disk or a log collector that went away must not end the admission of pods.
process.stdout.on('error', () => {});
process.on('exit', flush);

const version = (): string => {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  return String((manifest as { version?: unknown }).version); // `as`: our own package.json.
};

const readCommand = (): Command => {
  try {
    return parseOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(
      `irsa-webhook: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return process.exit(2);
  }
};

const run = async (options: WebhookOptions): Promise<void> => {
  const log = createLogger({ level: options.logLevel, write });
  const die = (message: string, error: unknown): void => {
    log.error(message, { error: errorField(error) });
    process.exit(1);
  };
  process.on('uncaughtException', (error) => {
    die('unexpected error', error);
  });
  const { kubeconfig, kubeApi } = options;
  const loadAccess = (): ReturnType<typeof loadInClusterAccess> =>
    kubeconfig === undefined && kubeApi === undefined
      ? loadInClusterAccess({ environment: process.env })
      : loadKubeconfigAccess({
          ...(kubeconfig !== undefined && { file: kubeconfig }),
          ...(kubeApi !== undefined && { server: kubeApi }),
        });
  const running: { webhook?: RunningWebhook } = {};
  let closing = false;
  const stop = (): void => {
    // The second signal does not wait.
    if (closing) process.exit(1);
    closing = true;
    if (running.webhook !== undefined) {
      void running.webhook.close().then(() => process.exit(0));
      return;
    }
    log.info('stopped', { because: 'it had not started yet' });
    process.exit(0);
  };
  // Before anything that may take long: the kernel passes over signals to the first process of a container that says nothing of them.
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    running.webhook = await runWebhook({ options, loadAccess, log });
  } catch (error) {
    die('cannot start', error);
  }
};

const command = readCommand();
switch (command.kind) {
  case 'help':
    process.stdout.write(command.text);
    break;
  case 'version':
    process.stdout.write(`irsa-webhook ${version()}\n`);
    break;
  case 'run':
    await run(command.options);
}
