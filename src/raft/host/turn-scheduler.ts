import type { GroupId } from '../log/log-storage.ts';

/** A group that may have something to do. */
export interface Schedulable {
  readonly group: GroupId;
  /** Does a bounded piece of its work. True where it wants another turn. */
  takeTurn(): boolean;
}

export interface TurnSchedulerOptions {
  /** Calls back once, later, after what the event loop has already received was handed over. */
  readonly defer: (callback: () => void) => void;
  /** After the groups of a turn: what they left is sent and written at once. */
  readonly end: () => void;
  /** An error of one group; false where it is not that group's alone. */
  readonly onGroupError: (group: GroupId, error: unknown) => boolean;
  /** An error that ends the host. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs groups in turns: those that were woken since the last one, the catalog's group 0 first, the others as they were woken. One turn is one turn of the event
 * loop, so that everything that arrived in it goes into one write and one frame.
 */
export class TurnScheduler {
  readonly #options: TurnSchedulerOptions;
  #ready = new Set<Schedulable>();
  #isScheduled = false;
  #isStopped = false;
  #turns = 0;

  constructor(options: TurnSchedulerOptions) {
    this.#options = options;
  }

  /** How many there were. */
  get turns(): number {
    return this.#turns;
  }

  /** Gives the group a place in the next turn. */
  wake(group: Schedulable): void {
    this.#ready.add(group);
    this.schedule();
  }

  /** There will be a turn, even if for no group. */
  schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    this.#options.defer(() => this.#run());
  }

  /** No turn comes after this. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.clear();
  }

  #run(): void {
    this.#isScheduled = false;
    if (this.#isStopped) return;
    this.#turns += 1;
    try {
      const groups = [...this.#ready];
      this.#ready = new Set();
      const catalog = groups.find(({ group }) => group === 0);
      if (catalog !== undefined) this.#turnOf(catalog);
      for (const group of groups) if (group !== catalog) this.#turnOf(group);
      this.#options.end();
    } catch (error) {
      // What is broken stays broken: the host stops here, before anything of this turn leaves it.
      this.stop();
      this.#options.onError(error);
    }
  }

  #turnOf(group: Schedulable): void {
    try {
      if (group.takeTurn()) this.wake(group);
    } catch (error) {
      if (!this.#options.onGroupError(group.group, error)) throw error;
    }
  }
}
