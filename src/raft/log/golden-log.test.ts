import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryFileSystem } from '../../../test/support/raft/file-memory.ts';
import { openScriptedLog } from '../../../test/support/raft/log-script.ts';
import { type ScriptedLog, scriptedLog } from '../../../test/support/raft/log-verdict.ts';
import { viewLog } from '../../../test/support/raft/log-view.ts';

/** Files in hexadecimal, by name: docs/formats/raft-log.md. */
const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/raft-log-v1.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

const hexOf = ({ closed }: ScriptedLog): Record<string, string> =>
  Object.fromEntries(
    [...closed].map(([path, bytes]) => [path, Buffer.from(bytes).toString('hex')]),
  );

describe('files of a Raft log, version 1', () => {
  test('are written as they always were', async () => {
    expect(hexOf(await scriptedLog())).toEqual(golden);
  });

  test('are read as they always were', async () => {
    const bytes = Object.entries(golden).map(
      ([path, hex]) => [path, new Uint8Array(Buffer.from(hex, 'hex'))] as const,
    );
    const log = await openScriptedLog(new MemoryFileSystem(new Map(bytes)));
    expect(viewLog(log)).toEqual((await scriptedLog()).last);
    expect(log.recovery).toEqual({ cut: undefined, damage: [] });
  });
});
