import { useCallback, useSyncExternalStore } from "react";

/** An observable object of the SDK, such as `Call` or `Participant`. */
export interface Store {
  /** Grows with every change. */
  readonly version: number;
  /** Calls `listener` after each change. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void;
}

const NO_OP = () => undefined;

/** Rerenders the component after every change of `store`. */
export function useStore(store: Store | undefined): void {
  const subscribe = useCallback((listener: () => void) => store?.subscribe(listener) ?? NO_OP, [store]);
  const version = () => store?.version ?? -1;
  useSyncExternalStore(subscribe, version, version);
}
