import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { assert } from '../../../src/base/assert.ts';
import type { Mutant } from './mutant.ts';

/** Modules that are loaded from now on have the mutant's change; its file must not be loaded yet. The file itself stays as it is. */
export function installMutant({ name, file, find, replace }: Mutant): void {
  const target = pathToFileURL(file).href;
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (url !== target) return loaded;
      const { source } = loaded;
      const text =
        typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString();
      assert(text.split(find).length === 2, `mutant ${name} fits ${file} in one place`);
      return { ...loaded, source: text.replace(find, () => replace) };
    },
  });
}
