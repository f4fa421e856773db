import { useCallback, useState } from "react";

import { CallError, type Call, type LocalParticipant, type Source } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** The media that the local participant sends. Its methods never reject: `problem` holds the last error. */
export interface LocalMedia {
  /** Whether the camera is on. */
  camera: boolean;
  /** Whether the microphone is on. */
  microphone: boolean;
  /** Whether the screen is shared. */
  screen: boolean;
  /** Source of the operation in progress. */
  busy: Source | undefined;
  /** Error of the last operation, with its source. */
  problem: { source: Source; error: CallError } | undefined;
  dismissProblem(): void;
  setCamera: LocalParticipant["setCamera"];
  setMicrophone: LocalParticipant["setMicrophone"];
  setScreen: LocalParticipant["setScreen"];
  switchDevice(source: "camera" | "microphone", deviceId: string): Promise<void>;
  publish(track: MediaStreamTrack, source: Source): Promise<void>;
  unpublish(source: Source): Promise<void>;
}

/** Returns the local media of a call and the functions that control it. */
export function useWebRTC(call: Call | undefined): LocalMedia {
  const local = call?.local;
  useStore(local);
  const [busy, setBusy] = useState<Source>();
  const [problem, setProblem] = useState<LocalMedia["problem"]>();

  const attempt = useCallback(
    async (source: Source, operation: (local: LocalParticipant) => Promise<unknown>) => {
      if (!local) return;
      setBusy(source);
      setProblem(undefined);
      try {
        await operation(local);
      } catch (error) {
        setProblem({ source, error: error instanceof CallError ? error : new CallError("internal", String(error)) });
      } finally {
        setBusy((now) => (now === source ? undefined : now));
      }
    },
    [local],
  );

  return {
    camera: isOn(local, "camera"),
    microphone: isOn(local, "microphone"),
    screen: isOn(local, "screen"),
    busy,
    problem,
    dismissProblem: useCallback(() => setProblem(undefined), []),
    setCamera: useCallback((on, options) => attempt("camera", (local) => local.setCamera(on, options)), [attempt]),
    setMicrophone: useCallback((on, options) => attempt("microphone", (local) => local.setMicrophone(on, options)), [attempt]),
    setScreen: useCallback((on) => attempt("screen", (local) => local.setScreen(on)), [attempt]),
    switchDevice: useCallback((source, deviceId) => attempt(source, (local) => local.switchDevice(source, deviceId)), [attempt]),
    publish: useCallback((track, source) => attempt(source, (local) => local.publish(track, source)), [attempt]),
    unpublish: useCallback((source) => attempt(source, (local) => local.unpublish(source)), [attempt]),
  };
}

function isOn(local: LocalParticipant | undefined, source: Source): boolean {
  const publication = local?.publications.get(source);
  return publication !== undefined && !publication.muted;
}
