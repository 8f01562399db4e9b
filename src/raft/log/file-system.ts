/** An open file, written by one owner. All positions are bytes. */
export interface DataFile {
  /** Bytes written so far, synced or not. */
  readonly size: number;
  /** Writes at a position at most {@link size}; in the order of the calls. The bytes are the caller's again when it is done. @throws Error with `code` ENOSPC, EIO */
  write(position: number, bytes: Uint8Array): Promise<void>;
  /** Makes all that was written before durable (fdatasync). After an error nothing is known of it, and the file must not be used any more. */
  sync(): Promise<void>;
  /** Synchronously; shorter at the end of the file. */
  read(position: number, length: number): Uint8Array;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** Files of one folder tree, as a log needs them; simulated in simulations. Paths are joined with slashes. */
export interface FileSystem {
  /** Makes the folder and those above it, durably. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, ascending. */
  list(path: string): Promise<readonly string[]>;
  /** @param how - `create`: the file is not there yet; `existing`: it is */
  open(path: string, how: 'create' | 'existing'): Promise<DataFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes names created, renamed and removed in a folder durable. */
  syncFolder(path: string): Promise<void>;
}
