import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The part of V8's profile format that is read here. */
interface Profile {
  /** Microseconds of the machine's monotonic clock. */
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

/** Part of the program by what its frames are called: the first rule that fits a frame or, where none does, the nearest caller it fits. */
export interface ProfileGroup {
  readonly name: string;
  /** Tested against `url#functionName`. */
  readonly pattern: RegExp;
}

const IDLE = /^\((idle|program|root)\)$/;
const OTHER = 'other';

/** A stretch of time by the machine's monotonic clock, as `process.hrtime` tells it to every process; microseconds. */
export interface ProfileWindow {
  readonly from: number;
  readonly to: number;
}

/**
 * Microseconds that each group took itself within a stretch of time, over all profiles (`*.cpuprofile`, one a thread) of a folder; waiting is
 * left out.
 */
export function profiledMicroseconds(
  folder: string,
  groups: readonly ProfileGroup[],
  { from, to }: ProfileWindow,
): ReadonlyMap<string, number> {
  const total = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.cpuprofile')) continue;
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
    const groupOf = groupsOfNodes(profile, groups);
    let time = profile.startTime;
    for (const [index, node] of profile.samples.entries()) {
      time += profile.timeDeltas[index] as number;
      const group = groupOf.get(node);
      if (group === undefined || time < from || time > to) continue;
      // A sample stands for the time until the next one.
      const microseconds = profile.timeDeltas[index + 1] ?? 0;
      total.set(group, (total.get(group) ?? 0) + microseconds);
    }
  }
  return total;
}

function groupsOfNodes(
  { nodes }: Profile,
  groups: readonly ProfileGroup[],
): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const groupOf = new Map<number, string>();
  const visit = (first: ProfileNode): void => {
    const pending: [ProfileNode, string][] = [[first, OTHER]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [node, inherited] = next;
      const { functionName, url } = node.callFrame;
      const frame = `${url}#${functionName}`;
      const group = groups.find(({ pattern }) => pattern.test(frame))?.name ?? inherited;
      if (!IDLE.test(functionName)) groupOf.set(node.id, group);
      for (const child of node.children ?? []) {
        const childNode = byId.get(child);
        if (childNode !== undefined) pending.push([childNode, group]);
      }
    }
  };
  if (nodes[0] !== undefined) visit(nodes[0]);
  return groupOf;
}
