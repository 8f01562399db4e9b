import { readFile } from 'node:fs/promises';

/** Bytes moved so far. */
export interface IoReading {
  /** By the process; undefined where the system does not tell. */
  readonly disk: { readonly read: number; readonly written: number } | undefined;
  /** By the machine or container. */
  readonly network: readonly {
    readonly name: string;
    readonly received: number;
    readonly sent: number;
  }[];
}

/** Columns of /proc/net/dev after an interface's name. */
const RECEIVED_COLUMN = 0;
const SENT_COLUMN = 8;

/** Reads what Linux says; elsewhere there is nothing to read. */
export async function machineIo(): Promise<IoReading> {
  const [disk, network] = await Promise.all(
    ['/proc/self/io', '/proc/self/net/dev'].map((path) =>
      readFile(path, 'utf8').catch(() => undefined),
    ),
  );
  return {
    disk: disk === undefined ? undefined : diskOf(disk),
    network: network === undefined ? [] : networkOf(network),
  };
}

/** Of the text of /proc/self/io; undefined where a line is missing. */
export function diskOf(text: string): IoReading['disk'] {
  const read = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  const written = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  if (read === undefined || written === undefined) return undefined;
  return { read: Number(read), written: Number(written) };
}

/** Of the text of /proc/net/dev, whose first two lines are headings. */
export function networkOf(text: string): IoReading['network'] {
  return [...text.matchAll(/^\s*([^\s:|]+):\s*(\d.*)$/gm)].map(([, name = '', rest = '']) => {
    const columns = rest.trim().split(/\s+/);
    return {
      name,
      received: Number(columns[RECEIVED_COLUMN] ?? 0),
      sent: Number(columns[SENT_COLUMN] ?? 0),
    };
  });
}
