import { describeStateMachine } from '../../../test/contracts/state-machine.contract.ts';
import { encodeKeyValueCommand } from '../../../test/support/raft/host-key-value.ts';
import { MemoryMachines } from '../../../test/support/raft/host-memory-machine.ts';

for (const [name, keep] of [
  ['that loses everything un-flushed', () => 0],
  ['that keeps some of it', () => 3],
  ['that keeps all of it', (unsynced: number) => unsynced],
] as const) {
  describeStateMachine(`a memory machine ${name}`, () => {
    const machines = new MemoryMachines();
    return {
      factory: machines,
      crash: () => Promise.resolve(machines.crash(keep)),
      command: (number) =>
        encodeKeyValueCommand({ kind: 'set', key: `k${number}`, value: String(number) }),
    };
  });
}
