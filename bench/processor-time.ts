import { readdirSync, readFileSync } from 'node:fs';

/** Seconds of processor time, user and system, that the living threads of a process have used. Linux only. */
export function processorSeconds(pid: number): number {
  let total = 0;
  for (const seconds of threadSeconds(pid).values()) total += seconds;
  return total;
}

/** Seconds on a processor of each living thread, by its number and name. */
export function threadSeconds(pid: number): ReadonlyMap<string, number> {
  const seconds = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const folder = `/proc/${pid}/task/${thread}`;
      const name = readFileSync(`${folder}/comm`, 'latin1').trim();
      const [nanoseconds] = readFileSync(`${folder}/schedstat`, 'latin1').split(' ');
      seconds.set(`${thread} ${name}`, Number(nanoseconds) / 1e9);
    } catch {
      // The thread ended meanwhile.
    }
  }
  return seconds;
}

const NOTICEABLE_SECONDS = 0.0005;

/** Seconds by thread name between two readings; threads of one name are added up, those that did next to nothing left out. */
export function threadSecondsBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const spent = new Map<string, number>();
  for (const [thread, seconds] of after) {
    const name = thread.slice(thread.indexOf(' ') + 1);
    spent.set(name, (spent.get(name) ?? 0) + seconds - (before.get(thread) ?? 0));
  }
  return new Map([...spent].filter(([, seconds]) => seconds >= NOTICEABLE_SECONDS));
}

/** Microseconds of processor time that this process itself has used. */
export function ownMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
