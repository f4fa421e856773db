/** Between the SDK's objects, which tell when they change, and React. */

import { useCallback, useSyncExternalStore } from "react";

/** What `Call` and `Participant` are: a version that grows with every change, and somebody to tell. */
export interface Subject {
  readonly version: number;
  subscribe(listener: () => void): () => void;
}

const NOTHING = () => undefined;

/** Renders again whenever `subject` changes. */
export function useSubject(subject: Subject | undefined): void {
  const subscribe = useCallback((listener: () => void) => subject?.subscribe(listener) ?? NOTHING, [subject]);
  const version = () => subject?.version ?? -1;
  useSyncExternalStore(subscribe, version, version);
}
