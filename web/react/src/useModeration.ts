import { useEffect, useState } from "react";

import { CallError, type Call, type LobbyPeer, type Moderation, type Source } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** A moderator asks to send a source again. */
export interface UnmuteRequest {
  source: Source;
  /** The moderator's user id; `undefined`: a server asks. */
  askedBy: string | undefined;
}

export interface ModerationHandle {
  /** Whether the local participant is a moderator. */
  isModerator: boolean;
  locked: boolean;
  lobby: boolean;
  /** Who waits in the lobby. */
  waiting: readonly LobbyPeer[];
  /** Whether the local participant has raised its hand. */
  handRaised: boolean;
  /** The source that a moderator muted last, until it is dismissed. */
  muted: Source | undefined;
  /** What a moderator asks for, until it is answered. */
  request: UnmuteRequest | undefined;
  /** Why the last decision failed. */
  problem: CallError | undefined;
  dismissProblem(): void;
  dismissMuted(): void;
  dismissRequest(): void;
  /** Asks the server to decide. Does not reject: `problem` holds the error. */
  decide(decision: (moderation: Moderation) => Promise<void>): Promise<void>;
}

/** Returns what moderators have decided in a call, and asks the server for decisions. */
export function useModeration(call: Call): ModerationHandle {
  const { moderation, local } = call;
  useStore(moderation);
  useStore(local);
  const [problem, setProblem] = useState<CallError>();
  const [muted, setMuted] = useState<Source>();
  const [request, setRequest] = useState<UnmuteRequest>();
  useEffect(() => {
    const stops = [
      moderation.on("muted", (source) => {
        setMuted(source);
        setRequest(undefined);
      }),
      moderation.on("unmuteRequested", (source, askedBy) => {
        setRequest({ source, askedBy });
        setMuted(undefined);
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }, [moderation]);
  return {
    isModerator: moderation.isModerator,
    locked: moderation.locked,
    lobby: moderation.lobby,
    waiting: moderation.waiting,
    handRaised: local.handRaisedAt !== undefined,
    muted,
    request,
    problem,
    dismissProblem: () => setProblem(undefined),
    dismissMuted: () => setMuted(undefined),
    dismissRequest: () => setRequest(undefined),
    decide: async (decision) => {
      setProblem(undefined);
      try {
        await decision(moderation);
      } catch (error) {
        setProblem(CallError.of(error));
      }
    },
  };
}
