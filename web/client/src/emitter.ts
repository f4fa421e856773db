/** A typed event emitter with a version number that grows with every change. */

type Listener = (...values: never[]) => void;

export class Emitter<Events extends { [E in keyof Events]: Listener }> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();
  readonly #subscribers = new Set<() => void>();
  #version = 0;

  /** Grows with every change. A snapshot for React's `useSyncExternalStore`. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` after each change. Returns a function that unsubscribes. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  };

  /** Calls `listener` on each `event`. Returns a function that removes the listener. */
  on<E extends keyof Events>(event: E, listener: Events[E]): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  protected emit<E extends keyof Events>(event: E, ...values: Parameters<Events[E]>): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) callSafely(() => listener(...(values as never[])));
  }

  /** Increments the version and calls the subscribers. */
  protected notify(): void {
    this.#version += 1;
    for (const subscriber of [...this.#subscribers]) callSafely(subscriber);
  }
}

/** Rethrows an error of a listener asynchronously, so that it is reported but does not break the call. */
function callSafely(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
