import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/**
 * Lets all other threads go first. Linux schedules threads one by one and names the calling one under /proc; elsewhere nothing happens, since a
 * process as a whole must not be slowed down.
 */
export function lowerThreadPriority(): void {
  try {
    const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (Number.isInteger(threadId)) setPriority(threadId, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Without /proc or the permission, the builder competes as an equal; slower, not wrong.
  }
}
