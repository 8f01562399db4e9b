import type { FileSystem } from '../../raft/log/file-system.ts';
import type { StateMachineFactory } from '../../raft/host/state-machine.ts';
import { CatalogFiles } from './catalog-files.ts';
import { CatalogMachine, type CatalogListener } from './catalog-machine.ts';
import { CATALOG_GROUP, type ClusterState, EMPTY_CLUSTER } from './cluster-state.ts';

export interface CatalogMachinesOptions {
  readonly fileSystem: FileSystem;
  /** Of the catalog's files alone; made where it is missing. */
  readonly folder: string;
  /**
   * Told synchronously of each change of what this node has applied: when the group is opened with something in it, after a batch that changed something,
   * and after a state from elsewhere took its place. Must not throw.
   */
  readonly onChange?: CatalogListener;
}

/** Opens the state machine of the catalog's group, whose state is in memory, and in one small file as a whole. */
export class CatalogMachines implements StateMachineFactory {
  readonly #options: CatalogMachinesOptions;
  #machine: CatalogMachine | undefined;

  constructor(options: CatalogMachinesOptions) {
    this.#options = options;
  }

  /** What this node has applied; empty while the group is not here. */
  get state(): ClusterState {
    return this.#machine?.state ?? EMPTY_CLUSTER;
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  async open(group: number, generation: number): Promise<CatalogMachine> {
    const { fileSystem, folder } = this.#options;
    await fileSystem.makeFolder(folder);
    const isCatalog = group === CATALOG_GROUP;
    const machine = await CatalogMachine.open({
      files: new CatalogFiles(fileSystem, folder, group),
      generation,
      onChange: (state, previous) => {
        if (isCatalog) this.#options.onChange?.(state, previous);
      },
    });
    if (!isCatalog) return machine;
    this.#machine = machine;
    if (machine.state !== EMPTY_CLUSTER) this.#options.onChange?.(machine.state, EMPTY_CLUSTER);
    return machine;
  }

  async destroy(group: number): Promise<void> {
    const { fileSystem, folder } = this.#options;
    if (group === CATALOG_GROUP) this.#machine = undefined;
    await fileSystem.makeFolder(folder);
    await new CatalogFiles(fileSystem, folder, group).removeOthers();
  }
}
