/** The options and events of {@link Calls}. */

import type { CallsState, LiveCall, LiveCallEnd } from "./callsState.ts";
import type { TokenSource } from "./connection.ts";
import type { CallPushes, StartCallBody } from "./generated/messages.ts";

export interface CallsOptions {
  /** Origin of the Hubbub server; the page's own origin when absent. */
  url?: string;
  /** Path of the Hubbub server on its origin; the root when absent. */
  path?: string;
  /** Returns an access token of the user, for a server that needs one. Called whenever a new one is needed. */
  token?: TokenSource;
  /** The application's id of the user. The server decides whether to believe it. */
  userId: string;
  /** Display name, to show while the others are rung; `userId` when absent. */
  name?: string;
  /**
   * Tells the devices of a user apart; random when absent. An application that stores it keeps an ignored call silent after it
   * was reloaded. 1 to 64 characters out of `A-Z a-z 0-9 _ -`.
   */
  deviceId?: string;
}

/** Whom to call: `participants`, a `groupId`, or both. */
export type StartCall = Omit<StartCallBody, "displayName">;

/** The server's events about calls. */
export type RingPushes = Omit<CallPushes, "tokenExpiring">;

type PushEvents = { [E in keyof RingPushes]: (push: RingPushes[E]) => void };

/** The events of the server's namespace `/calls`, each after its effect on {@link Calls}, and those of the SDK. */
export interface CallsEvents extends PushEvents {
  state(state: CallsState, previous: CallsState): void;
  /** A call is over for this device. */
  callOver(call: LiveCall, reason: LiveCallEnd): void;
}
