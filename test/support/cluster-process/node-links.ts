import { Flow, type FlowConditions } from './flow.ts';
import { freePort } from './free-port.ts';
import { LinkProxy } from './link-proxy.ts';

/** The ways between nodes, which are numbered from 1: each directed pair has one, and every byte between two nodes goes by it. */
export class NodeLinks implements AsyncDisposable {
  readonly #flows: ReadonlyMap<string, Flow>;
  readonly #proxies: ReadonlyMap<string, LinkProxy>;
  readonly #ports: ReadonlyMap<string, number>;

  private constructor(
    flows: ReadonlyMap<string, Flow>,
    proxies: ReadonlyMap<string, LinkProxy>,
    ports: ReadonlyMap<string, number>,
  ) {
    this.#flows = flows;
    this.#proxies = proxies;
    this.#ports = ports;
  }

  /** @param targets - the port that each node listens on, in their order */
  static async start(targets: readonly number[]): Promise<NodeLinks> {
    const numbers = targets.map((_, at) => at + 1);
    const pairs = numbers.flatMap((from) =>
      numbers.filter((to) => to !== from).map((to) => [from, to] as const),
    );
    const flows = new Map(pairs.map(([from, to]) => [nameOf(from, to), new Flow()]));
    const proxies = new Map<string, LinkProxy>();
    const ports = new Map<string, number>();
    for (const [from, to] of pairs) {
      const port = await freePort();
      ports.set(nameOf(from, to), port);
      const there = flows.get(nameOf(from, to)) as Flow;
      const back = flows.get(nameOf(to, from)) as Flow;
      const target = targets[to - 1] as number;
      proxies.set(nameOf(from, to), await LinkProxy.start({ port, target, there, back }));
    }
    return new NodeLinks(flows, proxies, ports);
  }

  /** On which `from` finds `to`. */
  port(from: number, to: number): number {
    const port = this.#ports.get(nameOf(from, to));
    if (port === undefined) throw new Error(`there is no way from ${from} to ${to}`);
    return port;
  }

  /** Bytes that went from the one node to the other. */
  bytes(from: number, to: number): number {
    return this.#flows.get(nameOf(from, to))?.bytes ?? 0;
  }

  /** What happens to bytes that `from` sends to `to`. */
  set(from: number, to: number, conditions: Partial<FlowConditions>): void {
    this.#flows.get(nameOf(from, to))?.set(conditions);
  }

  /** Nothing goes between these nodes and all others, in either direction. */
  isolate(nodes: readonly number[]): void {
    this.#each((from, to, flow) => {
      if (nodes.includes(from) !== nodes.includes(to)) flow.set({ isCut: true });
    });
  }

  /** What `node` sends is lost. */
  mute(node: number): void {
    this.#each((from, _, flow) => {
      if (from === node) flow.set({ isCut: true });
    });
  }

  /** What is sent to `node` is lost. */
  deafen(node: number): void {
    this.#each((_, to, flow) => {
      if (to === node) flow.set({ isCut: true });
    });
  }

  /** All that concerns `node` is slow. */
  slow(node: number, conditions: Partial<FlowConditions>): void {
    this.#each((from, to, flow) => {
      if (from === node || to === node) flow.set(conditions);
    });
  }

  /** Breaks the connections between two nodes, whichever of them opened them. */
  reset(a: number, b: number): void {
    this.#proxies.get(nameOf(a, b))?.reset();
    this.#proxies.get(nameOf(b, a))?.reset();
  }

  /** Everything arrives again. */
  heal(): void {
    this.#each((_from, _to, flow) => flow.clear());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  #each(visit: (from: number, to: number, flow: Flow) => void): void {
    for (const [name, flow] of this.#flows) {
      const [from = 0, to = 0] = name.split(' ').map(Number);
      visit(from, to, flow);
    }
  }
}

const nameOf = (from: number, to: number): string => `${from} ${to}`;
