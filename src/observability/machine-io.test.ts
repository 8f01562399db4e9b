import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { diskOf, machineIo, networkOf } from './machine-io.ts';

test('reads what the process moved to and from disks, and nothing where a line is missing', () => {
  const text =
    'rchar: 9\nwchar: 8\nread_bytes: 4096\nwrite_bytes: 12288\ncancelled_write_bytes: 1\n';
  expect(diskOf(text)).toEqual({ read: 4096, written: 12288 });
  expect(diskOf('read_bytes: 1\n')).toBeUndefined();
});

test('reads received and sent bytes of every interface', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs',
    '    lo:     100       2    0    0    0     0          0         0      100       2    0',
    '  eth0: 7000000    5000    0    0    0     0          0         0   800000    3000    0',
    '',
  ].join('\n');
  expect(networkOf(text)).toEqual([
    { name: 'lo', received: 100, sent: 100 },
    { name: 'eth0', received: 7_000_000, sent: 800_000 },
  ]);
});

test('tells what this machine tells', async () => {
  const text = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const { disk, network } = await machineIo();
  expect(disk === undefined).toBe(diskOf(await text('/proc/self/io')) === undefined);
  const names = networkOf(await text('/proc/self/net/dev')).map(({ name }) => name);
  expect(network.map(({ name }) => name)).toEqual(names);
});
