/** Commands of a small replicated store of keys and values, with their results. */
export type KeyValueCommand =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: string }
  /** Adds to the end of a value. */
  | { readonly kind: 'append'; readonly key: string; readonly value: string }
  /** Sets a value where it is `expected`; null: where there is none. */
  | {
      readonly kind: 'cas';
      readonly key: string;
      readonly expected: string | null;
      readonly value: string;
    };

/** `get`, `set`, `append`: the value after it, null: none; `cas`: whether it was set. */
export type KeyValueResult = string | boolean | null;

export function encodeKeyValueCommand(command: KeyValueCommand): Uint8Array {
  return Buffer.from(JSON.stringify(command));
}

/** Undefined for bytes that are no command. */
export function decodeKeyValueCommand(bytes: Uint8Array): KeyValueCommand | undefined {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as KeyValueCommand;
  } catch {
    return undefined;
  }
}

export function encodeKeyValueResult(result: KeyValueResult): Uint8Array {
  return Buffer.from(JSON.stringify(result));
}

export function decodeKeyValueResult(bytes: Uint8Array): KeyValueResult {
  return JSON.parse(Buffer.from(bytes).toString()) as KeyValueResult;
}

/** What a command gives, and the key and value that it writes. */
export function executeKeyValueCommand(
  command: KeyValueCommand,
  valueOf: (key: string) => string | undefined,
): { readonly result: KeyValueResult; readonly write?: readonly [string, string] } {
  const { key } = command;
  const now = valueOf(key);
  switch (command.kind) {
    case 'get':
      return { result: now ?? null };
    case 'set':
      return { result: command.value, write: [key, command.value] };
    case 'append': {
      const value = (now ?? '') + command.value;
      return { result: value, write: [key, value] };
    }
    case 'cas':
      if ((now ?? null) !== command.expected) return { result: false };
      return { result: true, write: [key, command.value] };
    default:
      return { result: null };
  }
}
