/**
 * The states of {@link Calls} and of each call that it follows, as transition tables. `docs/guides/ringing.md` shows them as
 * diagrams.
 */

import type { CallInfo, CallPushes } from "./generated/messages.ts";

/**
 * - `idle`: before `open`.
 * - `connecting`: until the server can ring this device, at first and after a lost connection.
 * - `connected`: the server can ring this device.
 * - `refused`: the server does not accept this user, or has no calls. `open` tries again.
 * - `closed`: final.
 */
export type CallsState = "idle" | "connecting" | "connected" | "refused" | "closed";
export type CallsStateEvent = "open" | "connected" | "lost" | "refused" | "close";

/** Every transition of {@link CallsState}. */
export const callsTransitions: readonly Row<CallsState, CallsStateEvent>[] = [
  { from: "idle", event: "open", to: "connecting" },
  { from: "idle", event: "close", to: "closed" },
  { from: "connecting", event: "connected", to: "connected" },
  { from: "connecting", event: "refused", to: "refused" },
  { from: "connecting", event: "close", to: "closed" },
  { from: "connected", event: "lost", to: "connecting" },
  { from: "connected", event: "close", to: "closed" },
  { from: "refused", event: "open", to: "connecting" },
  { from: "refused", event: "close", to: "closed" },
];

/**
 * A call on this device.
 *
 * - `ringing`: the user is called.
 * - `answering`: this device has accepted, and waits for the server.
 * - `calling`: the user calls, and nobody has answered.
 * - `active`: somebody has answered, and this device takes part.
 * - `over`: final for this device; others may go on.
 */
export type LiveCallState = "ringing" | "answering" | "calling" | "active" | "over";
/** `answered`: by another user. `elsewhere`: by the same user on another device. `failed`: accepting did, for now. */
export type LiveCallEvent = "accept" | "accepted" | "failed" | "answered" | "elsewhere" | "end";

/** Every transition of {@link LiveCallState}. A device that takes part does not mind that its user has answered elsewhere. */
export const liveCallTransitions: readonly Row<LiveCallState, LiveCallEvent>[] = [
  { from: "ringing", event: "accept", to: "answering" },
  { from: "ringing", event: "elsewhere", to: "over" },
  { from: "ringing", event: "end", to: "over" },
  { from: "answering", event: "accepted", to: "active" },
  { from: "answering", event: "failed", to: "ringing" },
  { from: "answering", event: "elsewhere", to: "over" },
  { from: "answering", event: "end", to: "over" },
  { from: "calling", event: "answered", to: "active" },
  { from: "calling", event: "end", to: "over" },
  { from: "active", event: "end", to: "over" },
];

/**
 * Why a call is over for this device: `endReason` of the call; `ignored` here; answered or declined `elsewhere`, on another
 * device of the user.
 */
export type LiveCallEnd = NonNullable<CallInfo["endReason"]> | "ignored" | "elsewhere";

/** A call on this device. Every change creates a new object. */
export interface LiveCall {
  readonly state: LiveCallState;
  /** The call with its participants, as far as the server has told this device. */
  readonly info: CallInfo;
}

/** A transition of a table. */
export interface Row<State, Event> {
  readonly from: State;
  readonly event: Event;
  readonly to: State;
}

/** Returns the state that `event` leads to from `state`, or `undefined` if the table has no such transition. */
export function next<State, Event>(table: readonly Row<State, Event>[], state: State, event: Event): State | undefined {
  return table.find((row) => row.from === state && row.event === event)?.to;
}

type ParticipantState = CallInfo["participants"][number]["state"];

/** The state of a participant after each event about it. */
const PARTICIPANT_AFTER: { [E in keyof CallPushes]?: (push: CallPushes[E]) => ParticipantState } = {
  callAccepted: () => "accepted",
  callDeclined: ({ reason }) => (reason === "busy" ? "busy" : "declined"),
  callMissed: ({ reason }) => (reason === "busy" ? "busy" : "missed"),
  participantJoined: () => "joined",
  participantLeft: () => "left",
};

/** Returns the call after an event about it or one of its participants. */
export function afterPush<E extends keyof CallPushes>(info: CallInfo, event: E, push: CallPushes[E]): CallInfo {
  if (event === "callEnded") return { ...info, state: "ended", endReason: (push as CallPushes["callEnded"]).reason };
  const state = PARTICIPANT_AFTER[event]?.(push);
  if (state === undefined || !("userId" in push)) return info;
  const others = info.participants.filter(({ userId }) => userId !== push.userId);
  const known = others.length < info.participants.length;
  const participants = known
    ? info.participants.map((one) => (one.userId === push.userId ? { ...one, state } : one))
    : [...others, { userId: push.userId, state }];
  const answered = info.state === "ringing" && (state === "accepted" || state === "joined") && push.userId !== info.callerId;
  return { ...info, participants, state: answered ? "active" : info.state };
}
