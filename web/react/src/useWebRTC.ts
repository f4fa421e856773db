import { useCallback, useState } from "react";

import { CallError, type Call, type LocalParticipant, type Source } from "@hubbub/client";
import { useSubject } from "./subject.ts";

export interface OwnMedia {
  camera: boolean;
  microphone: boolean;
  screen: boolean;
  /** What is being done just now. */
  busy: Source | undefined;
  /** What the last attempt failed with, and on what. */
  problem: { source: Source; error: CallError } | undefined;
  dismissProblem(): void;
  setCamera: LocalParticipant["setCamera"];
  setMicrophone: LocalParticipant["setMicrophone"];
  setScreen: LocalParticipant["setScreen"];
  switchDevice(source: "camera" | "microphone", deviceId: string): Promise<void>;
  publish(track: MediaStreamTrack, source: Source): Promise<void>;
  unpublish(source: Source): Promise<void>;
}

/** What one sends oneself: published, muted, switched. What fails is told by `problem`; nothing here rejects. */
export function useWebRTC(call: Call | undefined): OwnMedia {
  const local = call?.local;
  useSubject(local);
  const [busy, setBusy] = useState<Source>();
  const [problem, setProblem] = useState<OwnMedia["problem"]>();

  const attempt = useCallback(
    async (source: Source, act: (local: LocalParticipant) => Promise<unknown>) => {
      if (!local) return;
      setBusy(source);
      setProblem(undefined);
      try {
        await act(local);
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
