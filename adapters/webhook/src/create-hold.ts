import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { LoadGate } from './create-load-gate.js';

/**
 * Creates what counts a request in the gate until its answer is sent or its connection has ended. Node.js tells only the answer that the
 * connection is busy with of its end: those that wait behind it, where a client asks again before it is answered, would be held for ever.
 */
export function createHold(
  gate: Pick<LoadGate, 'enter' | 'leave'>,
): (socket: Socket, response: ServerResponse) => void {
  const heldBy = new WeakMap<Socket, Set<ServerResponse>>();

  const heldOf = (socket: Socket): Set<ServerResponse> => {
    const known = heldBy.get(socket);
    if (known !== undefined) return known;
    const held = new Set<ServerResponse>();
    heldBy.set(socket, held);
    socket.once('close', () => {
      for (let left = held.size; left > 0; left -= 1) gate.leave();
      held.clear();
    });
    return held;
  };

  return (socket, response) => {
    const held = heldOf(socket);
    held.add(response);
    gate.enter();
    response.once('close', () => {
      if (held.delete(response)) gate.leave();
    });
  };
}
