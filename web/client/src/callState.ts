/**
 * The states of a call, as a transition table. `docs/guides/reconnection.md` shows it as a diagram.
 *
 * - A call ends once. To come back, an application makes a new call.
 * - `reconnecting` ends when the socket and every transport in use are connected again.
 */

/**
 * - `idle`: before `join`.
 * - `connecting`: until the server has admitted this client to the room.
 * - `waiting`: in the lobby of the room, until a moderator admits this client.
 * - `connected`: signaling and media work.
 * - `reconnecting`: the socket, a transport or the media node was lost; the SDK recovers.
 * - `ended`: final.
 */
export type CallState = "idle" | "connecting" | "waiting" | "connected" | "reconnecting" | "ended";

/** An event of the state machine. */
export type CallStateEvent = "join" | "wait" | "joined" | "lost" | "restored" | "end";

/**
 * What was lost: the signaling `socket`; the `network` path of the media; a `transport` that the server closed; or the media
 * node, when the server `moved` the room to another one.
 */
export type ReconnectCause = "socket" | "network" | "transport" | "moved";

/**
 * Why a call ended: this client `left`; the room was closed for everybody (`room_closed`); a moderator `removed` this client, with
 * the error code `banned` if it may not come back; a moderator `refused` it in the lobby; joining `failed`; or the connection was
 * `lost` and did not recover.
 */
export type EndReason = "left" | "room_closed" | "removed" | "refused" | "failed" | "lost";

export interface Transition {
  readonly from: CallState;
  readonly event: CallStateEvent;
  readonly to: CallState;
}

/** Every transition of a call. */
export const transitions: readonly Transition[] = [
  { from: "idle", event: "join", to: "connecting" },
  { from: "idle", event: "end", to: "ended" },
  { from: "connecting", event: "wait", to: "waiting" },
  { from: "connecting", event: "joined", to: "connected" },
  { from: "connecting", event: "end", to: "ended" },
  { from: "waiting", event: "joined", to: "connected" },
  { from: "waiting", event: "end", to: "ended" },
  { from: "connected", event: "lost", to: "reconnecting" },
  { from: "connected", event: "end", to: "ended" },
  { from: "reconnecting", event: "restored", to: "connected" },
  { from: "reconnecting", event: "wait", to: "waiting" },
  { from: "reconnecting", event: "end", to: "ended" },
];

/** Returns the state that `event` leads to from `state`, or `undefined` if the table has no such transition. */
export function nextState(state: CallState, event: CallStateEvent): CallState | undefined {
  return transitions.find((transition) => transition.from === state && transition.event === event)?.to;
}
