/** Where a command writes. */
export interface Output {
  /** Columns of the terminal; undefined: it is none, but a file or a pipe. */
  readonly columns: number | undefined;
  /** Resolves when the reader has room for more. */
  write(text: string): Promise<void>;
}

/** An output over one of the process's streams. What a reader that went away does not take is dropped, and `closed` told. */
export function streamOutput(stream: NodeJS.WriteStream, closed: () => void): Output {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    if (error.code === 'EPIPE') closed();
  });
  return {
    get columns() {
      return stream.isTTY ? stream.columns : undefined;
    },
    write: (text) =>
      new Promise((resolve) => {
        if (gone) resolve();
        else stream.write(text, () => resolve());
      }),
  };
}
