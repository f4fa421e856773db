/** Texts of the user interface. */

import type { CallError, CallState, EndReason, LiveCallEnd, Quality, Role, Source } from "@hubbub/client";

/** Explanations for errors by code. Messages of the other codes are written for users. */
const EXPLANATIONS: Record<string, string> = {
  camera_refused: "Camera: The browser was not allowed to use it. Allow it in the address bar.",
  microphone_refused: "Microphone: The browser was not allowed to use it. Allow it in the address bar.",
  screen_refused: "The screen is not shared: it was not allowed.",
  no_device: "None was found.",
  device_in_use: "Another program is using it.",
  unreachable: "The server cannot be reached. Check your connection and try again.",
  unavailable: "The server is not ready for calls just now. Try again in a moment.",
  deadline_exceeded: "The server did not answer in time. Try again in a moment.",
  rate_limited: "Too many attempts in a short time. Wait a moment and try again.",
  invalid_argument: "The server does not accept the name of the call or your name. Choose a shorter one.",
  too_large: "This is too much for the server.",
  unsupported: "This browser and the server have no audio or video format in common.",
  unauthenticated: "Your invitation is not valid any more. Ask for a new link.",
  not_allowed: "You may not do that in this call.",
  internal: "Something went wrong. Try again.",
  no_calls: "This server does not offer ringing.",
  conflict: "The call was answered on another device.",
  not_found: "The call is over.",
  muted: "A moderator muted you. You can switch it on when they allow it again.",
  room_locked: "A moderator locked this room. Ask somebody in it to open it.",
  banned: "A moderator removed you from this room for good.",
  not_admitted: "Nobody let you in.",
  quota_exceeded: "This room is full. Somebody has to leave before you can join.",
};

/** Returns an explanation for users; the error's own message if its code has none. */
export function explain(error: Pick<CallError, "code" | "message">): string {
  return EXPLANATIONS[error.code] ?? error.message;
}

const SOURCES = { camera: "Camera", microphone: "Microphone" };

/** Like {@link explain}, with the name of the device. */
export function explainDevice(source: keyof typeof SOURCES, error: Pick<CallError, "code" | "message">): string {
  const text = explain(error);
  return text.startsWith(SOURCES[source]) ? text : `${SOURCES[source]}: ${text}`;
}

const MISSING = new Set(["unavailable", "unsupported", "quota_exceeded"]);

/** Like {@link explain}, with the name of a service that an installation need not have. */
export function explainService(name: string, error: Pick<CallError, "code" | "message">): string {
  return `${name}: ${MISSING.has(error.code) ? "This is not available here at the moment." : explain(error)}`;
}

export const ENDINGS: Record<EndReason, { title: string; text: string; again: string }> = {
  left: { title: "You left the call", text: "The others can go on talking. You can come back at any time.", again: "Rejoin" },
  room_closed: { title: "The call has ended", text: "It was closed for everybody.", again: "Start it again" },
  removed: { title: "You were removed", text: "A moderator removed you from the call.", again: "Rejoin" },
  refused: { title: "You were not let in", text: "A moderator did not admit you to the call.", again: "Ask again" },
  failed: { title: "You could not join", text: "", again: "Try again" },
  lost: { title: "The connection was lost", text: "It did not come back in time. The call may still be going on.", again: "Rejoin" },
};

export const FULL = { title: "This room is full", text: "Somebody has to leave before you can join.", again: "Try again" };

/** Endings by the code of their error, in place of {@link ENDINGS}. */
export const ENDINGS_BY_CODE: Record<string, { title: string; text: string; again: string }> = {
  quota_exceeded: FULL,
  room_locked: { title: "This room is locked", text: "Ask somebody in it to open it.", again: "Try again" },
  banned: { title: "You cannot join this room", text: "A moderator removed you. That holds until this call has ended.", again: "Try again" },
};

export const QUALITIES: Record<Quality, string> = {
  unknown: "Connection not measured yet",
  excellent: "Excellent connection",
  good: "Good connection",
  poor: "Poor connection",
  lost: "Connection lost",
};

/** Why nothing of a participant arrives. */
export const INTERRUPTIONS = {
  lost: "Connection lost. Waiting…",
  unreachable: "Cannot be reached at the moment",
  slow: "Paused: slow connection",
};

export const CAPTIONS_LIMITED = "Too many people speak at once: some of it has no captions.";

export const STATUS: Record<CallState, string> = {
  idle: "Joining…",
  connecting: "Joining…",
  waiting: "Waiting to be let in…",
  connected: "In the call",
  reconnecting: "The connection is lost. Trying again…",
  ended: "",
};

export const AUDIENCE = {
  /** How many only watch. */
  watching: (count: number) => `${count} watching`,
  /** The status of who only watches. */
  status: "You are watching",
  watchOnly: "Watch only",
  title: (room: string) => `Watch ${room}`,
  /** Before the call, to who is about to watch. */
  unseen: "Nobody sees or hears you. The others see how many are watching.",
  start: "Watch now",
  nobody: "Nobody is in the call yet",
  /** Those who take part have nobody but their audience. */
  alone: "Nobody else takes part yet",
};

export const RINGING = {
  title: (caller: string) => `${caller} is calling`,
  /** @param group - Name of the group, if it is a group's call. @param others - How many other calls ring. */
  text: (video: boolean, group: string | undefined, others: number) =>
    [
      `${video ? "Video call" : "Voice call"}${group === undefined ? "" : ` in ${group}`}.`,
      ...(others > 0 ? [others === 1 ? "Another call is waiting." : `${others} other calls are waiting.`] : []),
    ].join(" "),
  acceptWithCamera: "Accept with camera",
  acceptWithoutCamera: "Accept without camera",
  decline: "Decline",
  ignore: "Ignore",
};

export const CALLING = {
  start: (label: string) => `Call ${label}`,
  cancel: (label: string) => `Stop calling ${label}`,
  ringing: "Ringing…",
  active: "You are in this call.",
  /** How a call ended that nobody answered. */
  outcomes: {
    declined: "The call was declined.",
    busy: "Busy: in another call, or not to be disturbed.",
    missed: "Nobody answered.",
    cancelled: "You stopped calling.",
  } as Partial<Record<LiveCallEnd, string>>,
};

export const ACTIVE_CALL = {
  title: "Call in progress.",
  /** @param more - How many people there are besides these. */
  people: (names: readonly string[], more: number) => {
    const all = more > 0 ? [...names, `${more} more`] : names;
    if (all.length === 0) return "Nobody has entered it yet.";
    return `With ${all.length === 1 ? all[0] : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`}.`;
  },
  join: "Join the call",
};

const OWN: Record<Source, string> = {
  microphone: "your microphone",
  camera: "your camera",
  screen: "your screen",
  "screen-audio": "the sound of your screen",
};
const MUTE: Record<Source, string> = {
  microphone: "Mute microphone",
  camera: "Turn camera off",
  screen: "Forbid the screen",
  "screen-audio": "Mute sound of the screen",
};
const ASK: Record<Source, string> = {
  microphone: "Ask to unmute microphone",
  camera: "Ask to turn camera on",
  screen: "Ask to share the screen",
  "screen-audio": "Ask to unmute sound of the screen",
};

export const MODERATION = {
  title: "Room",
  lock: "Lock the room: nobody new can join",
  lobby: "Lobby: let people in one by one",
  inLobby: "In the lobby",
  end: "End the call for everybody…",
  endConfirmed: "End it for everybody",
  actions: (name: string) => `Moderate ${name}`,
  mute: (source: Source) => MUTE[source],
  ask: (source: Source) => ASK[source],
  stopScreen: "Stop screen sharing",
  lowerHand: "Lower hand",
  roleOf: (name: string) => `Role of ${name}`,
  roles: { moderator: "Moderator", speaker: "Speaker", listener: "Listener" } satisfies Record<Role, string>,
  remove: "Remove",
  ban: "Remove for good",
  handRaised: "Hand raised",
  isModerator: "Moderator",
  isMuted: "Muted by a moderator",
  muted: (source: Source) => `A moderator muted ${OWN[source]}.`,
  asksToUnmute: (name: string | undefined, source: Source) => `${name ?? "A moderator"} asks you to switch on ${OWN[source]}.`,
  switchOn: "Switch on",
  /** @param others - How many others wait. */
  waits: (name: string, others: number) => `${name} would like to join${others > 0 ? ` (${others} more waiting)` : ""}.`,
  waitTitle: "Somebody will let you in soon",
  waitText: "A moderator of this call sees that you are waiting.",
};
