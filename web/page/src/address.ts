/** The query parameters of the page. */

import type { SubscribeMode } from "@hubbub/client";

import { readRoom } from "./roomName.ts";

/** A link to a call needs only `?room=`. The other parameters are for embedding and tests. */
export interface Address {
  /** Normalized. */
  room: string;
  /** At most {@link MAX_NAME_LENGTH} characters. */
  name: string;
  /** User id of the embedding application; random when empty. */
  user: string;
  /** Join at once, without the form. Needs `name`. */
  join: boolean;
  /** Only watch: counted, not listed. */
  watch: boolean;
  /** Ideal width of the camera picture in pixels. */
  width: number | undefined;
  /** Ideal height of the camera picture in pixels. */
  height: number | undefined;
  codec: "vp8" | "vp9" | "h264" | "av1" | undefined;
  simulcast: boolean;
  /** Whether to prepare transports on another media node. */
  standby: boolean;
  /** The tracks to receive; `visible` when absent. */
  subscribe: SubscribeMode;
  /** Whether to list recordings, of `room` or of all rooms, instead of opening the room. */
  recordings: boolean;
  /** The id of a recording to play; empty without one. */
  recording: string;
  /** The access token of the fragment, which browsers do not send to servers; empty without one. */
  token: string;
}

const CODECS = ["vp8", "vp9", "h264", "av1"] as const;
const SUBSCRIBE_MODES: readonly SubscribeMode[] = ["visible", "all", "manual"];
/** As in the form before a call. */
const MAX_NAME_LENGTH = 64;

/** Parses a query string and a fragment. Invalid values count as absent. */
export function readAddress(search: string, hash = ""): Address {
  const query = new URLSearchParams(search);
  const codec = query.get("codec")?.toLowerCase();
  return {
    room: readRoom(query),
    name: [...(query.get("name")?.trim() ?? "")].slice(0, MAX_NAME_LENGTH).join(""),
    user: query.get("user")?.trim() ?? "",
    join: query.has("join"),
    watch: query.has("watch"),
    width: positiveInteger(query.get("width")),
    height: positiveInteger(query.get("height")),
    codec: CODECS.find((known) => known === codec),
    simulcast: query.get("simulcast") !== "off",
    standby: query.get("standby") !== "off",
    subscribe: SUBSCRIBE_MODES.find((known) => known === query.get("subscribe")) ?? "visible",
    recordings: query.has("recordings"),
    recording: /^[\w-]{1,64}$/.exec(query.get("recording") ?? "")?.[0] ?? "",
    token: new URLSearchParams(hash.replace(/^#/, "")).get("token") ?? "",
  };
}

function positiveInteger(text: string | null): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

/** Returns the relative address of a recording, or of the list of recordings when `recording` is empty; of one room unless `room` is empty. */
export function recordingsUrl(room: string, recording = ""): string {
  const of = room ? `&${new URLSearchParams({ room })}` : "";
  return `${recording ? `?recording=${recording}` : "?recordings"}${of}`;
}

/** Returns the path below which the server serves the page. @param page - Address of the page. */
export function basePath(page: string): string {
  return new URL(".", page).pathname;
}
