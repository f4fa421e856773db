/** Events with types, and a version for those who only want to know that something has changed. */

type Listener = (...values: never[]) => void;

export class Emitter<Events extends { [E in keyof Events]: Listener }> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>();
  readonly #watchers = new Set<() => void>();
  #version = 0;

  /** Grows with every change: what React's `useSyncExternalStore` takes for a snapshot. */
  get version(): number {
    return this.#version;
  }

  /** Calls `listener` after each change; the result ends that. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  };

  /** Calls `listener` with each event of this kind; the result ends that. */
  on<E extends keyof Events>(event: E, listener: Events[E]): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  protected emit<E extends keyof Events>(event: E, ...values: Parameters<Events[E]>): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) guarded(() => listener(...(values as never[])));
  }

  protected touch(): void {
    this.#version += 1;
    for (const watcher of [...this.#watchers]) guarded(watcher);
  }
}

/** An application's mistake must not stop the call. */
function guarded(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
