import type { EventQueue } from './event-queue.ts';

/** How long a phase may take: simulated milliseconds, and events. */
export interface PhaseLimits {
  readonly ms: number;
  readonly events: number;
}

/** Events between two looks. */
const LOOK_EVENTS = 50;

/** Runs events until `done`, within limits; false: it did not come to that. */
export async function runUntil(
  queue: EventQueue,
  step: () => Promise<void>,
  done: () => boolean,
  limits: PhaseLimits,
): Promise<boolean> {
  const endMs = queue.nowMs + limits.ms;
  const end = queue.executed + limits.events;
  while (!done()) {
    if (queue.nowMs > endMs || queue.executed > end) return false;
    for (let event = 0; event < LOOK_EVENTS; event += 1) await step();
  }
  return true;
}
