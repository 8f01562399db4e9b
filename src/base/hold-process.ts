/**
 * Keeps the process alive until disposed, for a program whose only work may be a pause: the clock's timers, and connections at rest, let it
 * end.
 */
export function holdProcess(): Disposable {
  const handle = setInterval(() => {}, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(handle) };
}
