import { setTimeout as wait } from 'node:timers/promises';
import { type Random, seededRandom } from '../../../src/base/random.ts';
import type { NodeLinks } from './node-links.ts';
import type { ProcessCluster } from './process-cluster.ts';

interface Ground {
  readonly cluster: ProcessCluster;
  readonly links: NodeLinks;
  readonly random: Random;
  /** Of the started nodes; any, and another. */
  readonly one: number;
  readonly other: number;
  readonly hold: () => Promise<unknown>;
}

/** What can be done to a cluster; each is over when it returns, but for what nodes need to come back. */
const FAULTS: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  kill: ({ cluster, one, hold }) => killed(cluster, [one], hold),
  'kill two': ({ cluster, one, other, hold }) => killed(cluster, [one, other], hold),
  'kill all': ({ cluster, hold }) =>
    killed(
      cluster,
      cluster.started.map((_, at) => at + 1),
      hold,
    ),
  async restart({ cluster, one }) {
    await cluster.node(one).stop();
    cluster.start(one);
    await cluster.node(one).ready();
  },
  async pause({ cluster, one, hold }) {
    cluster.node(one).pause();
    await hold();
    cluster.node(one).resume();
  },
  isolate: (ground) => linked(ground, () => ground.links.isolate([ground.one])),
  mute: (ground) => linked(ground, () => ground.links.mute(ground.one)),
  deafen: (ground) => linked(ground, () => ground.links.deafen(ground.one)),
  // Everybody reaches somebody, and two do not reach each other.
  'cut a pair': (ground) =>
    linked(ground, () => {
      ground.links.set(ground.one, ground.other, { isCut: true });
      ground.links.set(ground.other, ground.one, { isCut: true });
    }),
  'cut one way': (ground) =>
    linked(ground, () => ground.links.set(ground.one, ground.other, { isCut: true })),
  slow: (ground) =>
    linked(ground, () =>
      ground.links.slow(ground.one, {
        delayMs: 20 + ground.random.below(300),
        bytesPerSecond: 2e5,
      }),
    ),
  async reset({ links, one, other }) {
    links.reset(one, other);
  },
  // A link that comes and goes.
  async flap({ links, one, random }) {
    for (let times = 2 + random.below(6); times > 0; times -= 1) {
      links.isolate([one]);
      await wait(200 + random.below(1_500));
      links.heal();
      await wait(100 + random.below(1_000));
    }
  },
};

const HOLD_MS_MIN = 500;
const HOLD_MS_MAX = 8_000;
const REST_MS_MAX = 4_000;

/** Faults one after the other, as a seed draws them. */
export class FaultScript {
  /** What was done, in order. */
  readonly done: string[] = [];
  readonly #cluster: ProcessCluster;
  readonly #random: Random;

  constructor(cluster: ProcessCluster, seed: number) {
    this.#cluster = cluster;
    this.#random = seededRandom(seed);
  }

  /** Goes on for about so long; at the end every node runs and every link is whole. */
  async run(ms: number): Promise<void> {
    const links = this.#cluster.links;
    if (links === undefined) throw new Error('nodes are linked directly');
    const end = performance.now() + ms;
    while (performance.now() < end) {
      await wait(this.#random.below(REST_MS_MAX));
      await this.#one(links);
    }
    links.heal();
  }

  async #one(links: NodeLinks): Promise<void> {
    const random = this.#random;
    const names = Object.keys(FAULTS);
    const name = names[random.below(names.length)] as string;
    const nodes = this.#cluster.started.length;
    const one = 1 + random.below(nodes);
    const other = 1 + ((one + random.below(nodes - 1)) % nodes);
    const holdMs = HOLD_MS_MIN + random.below(HOLD_MS_MAX - HOLD_MS_MIN);
    this.done.push(`${name} ${one}`);
    await FAULTS[name]?.({
      ...{ cluster: this.#cluster, links, random, one, other },
      hold: () => wait(holdMs),
    });
  }
}

async function killed(
  cluster: ProcessCluster,
  numbers: readonly number[],
  hold: () => Promise<unknown>,
): Promise<void> {
  await Promise.all(numbers.map((number) => cluster.node(number).kill()));
  await hold();
  for (const number of numbers) cluster.start(number);
  await Promise.all(numbers.map((number) => cluster.node(number).ready()));
}

async function linked({ links, hold }: Ground, change: () => void): Promise<void> {
  change();
  await hold();
  links.heal();
}
