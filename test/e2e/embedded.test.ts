import { Grape } from '../../src/index.ts';
import { describeVectorDatabase } from '../contracts/vector-database.contract.ts';
import { temporaryFolder } from '../support/server-process.ts';

describeVectorDatabase('embedded', async () => {
  const folder = await temporaryFolder('grape-embedded');
  const database = await Grape.open(folder.path, { searchThreads: 2 });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describeVectorDatabase('embedded, with segments sealed all the time', async () => {
  const folder = await temporaryFolder('grape-embedded');
  const database = await Grape.open(folder.path, {
    searchThreads: 2,
    growingRows: 64,
    idleOptimizeMs: 1,
  });
  return {
    database,
    async [Symbol.asyncDispose]() {
      await database.close();
      await folder[Symbol.asyncDispose]();
    },
  };
});
