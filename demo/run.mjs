// Plain JavaScript of the oldest kind that loads as a module, so that an old Node says why it cannot go on.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`demo: needs Node 20.19 or newer, this is ${process.versions.node}`);
  process.exit(1);
}
// The sources run as they are; nothing is left behind in a cache.
// Not for a reader of this story: which Node the AWS SDK will want next year.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
process.env.TSX_DISABLE_CACHE = '1';
process.env.TSX_TSCONFIG_PATH = new URL('../tsconfig.json', import.meta.url).pathname;
const { register } = await import('tsx/esm/api');
register();
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
