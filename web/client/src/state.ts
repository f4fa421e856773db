/**
 * The states of a call, as a table; `docs/guides/reconnection.md` has it drawn.
 *
 * Rules
 * - A call ends once; who wants to come back makes a new one.
 * - `reconnecting` is left when everything that was lost is there again: the socket, and each transport in use.
 */

export type CallState = "idle" | "connecting" | "connected" | "reconnecting" | "ended";

/** What happens to a call. */
export type Step = "join" | "joined" | "lost" | "restored" | "end";

/** What was lost: the socket; the way of the media; a transport; or the media node, and there is another. */
export type ReconnectCause = "socket" | "network" | "transport" | "moved";

/** Why it is over: by this side's wish, the room was closed, it could not begin, or what was lost did not come back. */
export type EndReason = "left" | "room_closed" | "failed" | "lost";

export interface Transition {
  readonly state: CallState;
  readonly on: Step;
  readonly to: CallState;
}

export const transitions: readonly Transition[] = [
  { state: "idle", on: "join", to: "connecting" },
  { state: "idle", on: "end", to: "ended" },
  { state: "connecting", on: "joined", to: "connected" },
  { state: "connecting", on: "end", to: "ended" },
  { state: "connected", on: "lost", to: "reconnecting" },
  { state: "connected", on: "end", to: "ended" },
  { state: "reconnecting", on: "restored", to: "connected" },
  { state: "reconnecting", on: "end", to: "ended" },
];

/** Where `on` leads from `state`; `undefined`: nowhere, nothing changes. */
export function next(state: CallState, on: Step): CallState | undefined {
  return transitions.find((transition) => transition.state === state && transition.on === on)?.to;
}
