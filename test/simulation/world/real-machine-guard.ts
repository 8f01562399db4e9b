const AMBIENT: readonly (readonly [object, string])[] = [
  [Date, 'now'],
  [Math, 'random'],
  [performance, 'now'],
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [crypto, 'randomUUID'],
  [crypto, 'getRandomValues'],
];

/** The machine's own turn of the event loop, taken before anything is guarded. */
const turn = globalThis.setImmediate;

/** Ends when everything that was woken has run as far as it can: all promises of a simulation are resolved by its events. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    turn(resolve);
  });
}

/**
 * Runs something while the machine's time, timers and randomness throw at whoever asks for them: no simulation may depend on them. Nothing else may run in
 * the process meanwhile.
 */
export async function withoutRealMachine<T>(run: () => Promise<T>): Promise<T> {
  const kept = AMBIENT.map(([owner, name]) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${name} was asked for in a simulation; take what is injected`);
      },
    });
    return { owner, name, descriptor };
  });
  try {
    return await run();
  } finally {
    for (const { owner, name, descriptor } of kept) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, descriptor);
    }
  }
}
