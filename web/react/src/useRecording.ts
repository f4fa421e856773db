import { useState } from "react";

import { CallError, type Call, type RunningRecording } from "@hubbub/client";
import { useStore } from "./useStore.ts";

export interface RecordingHandle {
  /** The recordings of the room that are running. */
  running: readonly RunningRecording[];
  /** Whether a request is pending. */
  busy: boolean;
  /** Why the last request failed. */
  problem: CallError | undefined;
  dismissProblem(): void;
  start(): Promise<void>;
  /** Stops all recordings of the room. */
  stop(): Promise<void>;
}

/** Returns whether the room is recorded, and starts and stops that. Its methods never reject: `problem` holds the last error. */
export function useRecording(call: Call): RecordingHandle {
  const { recordings } = call;
  useStore(recordings);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<CallError>();
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(CallError.of(error));
    } finally {
      setBusy(false);
    }
  };
  return {
    running: recordings.running,
    busy,
    problem,
    dismissProblem: () => setProblem(undefined),
    start: () => attempt(() => recordings.start()),
    stop: () => attempt(() => Promise.all(recordings.running.map((one) => recordings.stop(one.recordingId)))),
  };
}
