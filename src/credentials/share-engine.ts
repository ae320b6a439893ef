import type { HeldEngine } from './create-provider-handle.js';
import type { RefreshEngine } from './create-refresh-engine.js';

/** Counts who holds an engine, and ends it when the last one lets go. */
export function countHandles(engine: RefreshEngine): () => HeldEngine {
  let holders = 0;
  return () => {
    holders += 1;
    let released = false;
    return {
      engine,
      release: () => {
        if (released) return;
        released = true;
        holders -= 1;
        if (holders === 0) engine.end();
      },
    };
  };
}

// One per process: fifty clients with a provider each then make one STS call.
const shared = new Map<string, () => HeldEngine>();

/** The engine of a key, made at first use; the key names everything that changes the credential. */
export function shareEngine(key: string, create: (onEnd: () => void) => RefreshEngine): HeldEngine {
  const known = shared.get(key);
  if (known !== undefined) return known();
  const hold = countHandles(
    create(() => {
      shared.delete(key);
    }),
  );
  shared.set(key, hold);
  return hold();
}
