import type { Call, Participant } from "@hubbub/client";
import { ParticipantVideo } from "./ParticipantVideo.tsx";
import { useCallState } from "./useCallState.ts";

/** The screen that somebody shares, whole; of several the one that came last. Nothing while nobody does. */
export function ScreenShareView({ call }: { call: Call }) {
  const presenter = presenters(useCallState(call)).at(-1);
  return presenter ? <ParticipantVideo participant={presenter} source="screen" /> : null;
}

/** Who shares a screen. One's own comes first: it is the least interesting to oneself. */
export function presenters({ local, participants }: { local: Participant | undefined; participants: readonly Participant[] }): Participant[] {
  return [...(local ? [local] : []), ...participants].filter((participant) => participant.publications.has("screen"));
}
