import type { Call, Participant } from "@hubbub/client";
import { ParticipantVideo } from "./ParticipantVideo.tsx";
import { useCallState } from "./useCallState.ts";

/** The most recently joined participant's shared screen. Renders nothing while nobody shares one. */
export function ScreenShareView({ call }: { call: Call }) {
  const presenter = presenters(useCallState(call)).at(-1);
  return presenter ? <ParticipantVideo participant={presenter} source="screen" /> : null;
}

/** Returns everyone who shares a screen, the local participant first: their own screen interests them least. */
function presenters({ local, participants }: { local: Participant | undefined; participants: readonly Participant[] }): Participant[] {
  return [...(local ? [local] : []), ...participants].filter((participant) => participant.publications.has("screen"));
}
