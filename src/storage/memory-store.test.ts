import { describeKeyValueStore } from '../../test/contracts/key-value-store.contract.ts';
import { MemoryStore } from './memory-store.ts';

describeKeyValueStore('MemoryStore', async () => ({
  store: new MemoryStore(),
  reopen: undefined,
  remove: async () => {},
}));
