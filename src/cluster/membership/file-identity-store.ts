import { VectorDbError } from '../../base/error.ts';
import type { Random } from '../../base/random.ts';
import { crc32c } from '../../raft/log/crc32c.ts';
import type { FileSystem } from '../../raft/log/file-system.ts';
import type { MemberAddress } from './guest-message.ts';
import type { Founder, IdentityStage, IdentityStore, NodeIdentity } from './node-identity.ts';

const VERSION = 1;
const FILE = 'cluster.json';
const NEXT = 'cluster.json.next';
const STAGES: readonly IdentityStage[] = ['founding', 'joining', 'member'];

/** What the file holds. */
interface Held {
  readonly incarnation: string;
  readonly consent?: Founder;
  readonly identity?: NodeIdentity;
  readonly members?: readonly MemberAddress[];
}

export interface FileIdentityStoreOptions {
  readonly files: FileSystem;
  /** Made where it is not there. */
  readonly folder: string;
  /** `[cluster] node_id`: the folder of a node with another name is refused. */
  readonly nodeId: string;
  readonly random: Random;
}

/** Keeps a node's identity in `cluster.json`: version, checksum, replaced as a whole. */
export class FileIdentityStore implements IdentityStore {
  readonly #options: FileIdentityStoreOptions;
  #held: Promise<Held> | undefined;
  #order: Promise<unknown> = Promise.resolve();

  constructor(options: FileIdentityStoreOptions) {
    this.#options = options;
  }

  /** @throws {VectorDbError} DATA_CORRUPT; FAILED_PRECONDITION where the folder is another node's */
  async load(): Promise<NodeIdentity | undefined> {
    const { identity } = await this.#hold();
    const { nodeId, folder } = this.#options;
    if (identity !== undefined && identity.nodeId !== nodeId) {
      const text = `the folder ${folder} belongs to node ${JSON.stringify(identity.nodeId)}: set [cluster] node_id back to that, or give this node a folder of its own`;
      throw new VectorDbError('FAILED_PRECONDITION', text, { field: 'cluster.node_id' });
    }
    return identity;
  }

  save(identity: NodeIdentity): Promise<void> {
    return this.#change({ identity });
  }

  async consent(): Promise<Founder | undefined> {
    return (await this.#hold()).consent;
  }

  saveConsent(founder: Founder): Promise<void> {
    return this.#change({ consent: founder });
  }

  async members(): Promise<readonly MemberAddress[]> {
    return (await this.#hold()).members ?? [];
  }

  saveMembers(members: readonly MemberAddress[]): Promise<void> {
    return this.#change({ members });
  }

  async incarnation(): Promise<string> {
    return (await this.#hold()).incarnation;
  }

  /** One change after the other: each writes the whole file. */
  #change(change: Partial<Held>): Promise<void> {
    const turn = this.#order.then(async () => {
      const held = { ...(await this.#hold()), ...change };
      await this.#write(held);
      this.#held = Promise.resolve(held);
    });
    this.#order = turn.catch(() => {});
    return turn;
  }

  #hold(): Promise<Held> {
    this.#held ??= this.#readOrBegin();
    return this.#held;
  }

  async #readOrBegin(): Promise<Held> {
    const { files, folder, random } = this.#options;
    await files.makeFolder(folder);
    if ((await files.list(folder)).includes(FILE)) return this.#read();
    const held = { incarnation: drawName(random) };
    await this.#write(held);
    return held;
  }

  async #read(): Promise<Held> {
    const { files, folder } = this.#options;
    const file = await files.open(`${folder}/${FILE}`, 'existing');
    try {
      const held = decodeHeld(new TextDecoder().decode(file.read(0, file.size)));
      if (held !== undefined) return held;
    } finally {
      await file.close();
    }
    throw new VectorDbError('DATA_CORRUPT', `${folder}/${FILE} cannot be read`);
  }

  async #write(held: Held): Promise<void> {
    const { files, folder } = this.#options;
    if ((await files.list(folder)).includes(NEXT)) await files.remove(`${folder}/${NEXT}`);
    const file = await files.open(`${folder}/${NEXT}`, 'create');
    try {
      await file.write(0, new TextEncoder().encode(encodeHeld(held)));
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(`${folder}/${NEXT}`, `${folder}/${FILE}`);
    await files.syncFolder(folder);
  }
}

/** 128 random bits as 32 hexadecimal digits: the name of a cluster, or of a node's beginning. */
export function drawName(random: Random): string {
  const word = (): string =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return `${word()}${word()}${word()}${word()}`;
}

/** JSON for people, with a checksum over everything else. */
function encodeHeld(held: Held): string {
  const body = { version: VERSION, ...held };
  return `${JSON.stringify({ ...body, crc32c: checksum(body) }, undefined, 2)}\n`;
}

function decodeHeld(text: string): Held | undefined {
  try {
    const { crc32c: expected, ...body } = JSON.parse(text) as Held & {
      readonly version: number;
      readonly crc32c: number;
    };
    const { version, ...held } = body;
    const { incarnation, consent, identity, members = [] } = held;
    if (version !== VERSION || expected !== checksum(body)) return undefined;
    if (typeof incarnation !== 'string') return undefined;
    if (consent !== undefined && !isFounder(consent)) return undefined;
    if (identity !== undefined && !isIdentity(identity)) return undefined;
    if (!members.every(isMemberAddress)) return undefined;
    return held;
  } catch {
    // Not JSON, or not an object: the same as a wrong checksum.
    return undefined;
  }
}

const checksum = (body: object): number => crc32c(new TextEncoder().encode(JSON.stringify(body)));

function isFounder({ nodeId, incarnation }: Founder): boolean {
  return [nodeId, incarnation].every((text) => typeof text === 'string' && text !== '');
}

function isMemberAddress({ node, nodeId, address }: MemberAddress): boolean {
  return Number.isSafeInteger(node) && [nodeId, address].every((text) => typeof text === 'string');
}

function isIdentity({ clusterId, node, nodeId, incarnation, stage }: NodeIdentity): boolean {
  const texts = [clusterId, nodeId, incarnation];
  return (
    texts.every((text) => typeof text === 'string' && text !== '') &&
    Number.isSafeInteger(node) &&
    node >= 1 &&
    STAGES.includes(stage)
  );
}
