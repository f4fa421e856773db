/** The query parameters of the page. */

/** A link to a call needs only `?room=`. The other parameters are for embedding and tests. */
export interface Address {
  room: string;
  name: string;
  /** User id of the embedding application; random when empty. */
  user: string;
  /** Join at once, without the form. Needs `name`. */
  join: boolean;
  /** Ideal width of the camera picture in pixels. */
  width: number | undefined;
  /** Ideal height of the camera picture in pixels. */
  height: number | undefined;
  codec: "vp8" | "vp9" | "h264" | "av1" | undefined;
  simulcast: boolean;
}

const CODECS = ["vp8", "vp9", "h264", "av1"] as const;

/** Parses a query string. Invalid values count as absent. */
export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const codec = query.get("codec")?.toLowerCase();
  return {
    room: query.get("room")?.trim() ?? "",
    name: query.get("name")?.trim() ?? "",
    user: query.get("user")?.trim() ?? "",
    join: query.has("join"),
    width: positiveInteger(query.get("width")),
    height: positiveInteger(query.get("height")),
    codec: CODECS.find((known) => known === codec),
    simulcast: query.has("simulcast"),
  };
}

function positiveInteger(text: string | null): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

/** Returns the link to a room. @param base - Address of the page. */
export function roomUrl(room: string, base: string): string {
  const url = new URL(base);
  url.search = new URLSearchParams({ room }).toString();
  url.hash = "";
  return url.href;
}

/** Returns the path below which the server serves the page. @param page - Address of the page. */
export function basePath(page: string): string {
  return new URL(".", page).pathname;
}

/** Returns the room in user input: a link or the name of a room. Empty if a link names no room. */
export function parseRoom(text: string): string {
  const input = text.trim();
  if (!/^https?:/i.test(input)) return input;
  try {
    return new URL(input).searchParams.get("room")?.trim() ?? "";
  } catch {
    return "";
  }
}

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aeiou";

/** Returns a random room name that is pronounceable and hard to guess (50 bits), such as `bako-timu-selo-rani`. */
export function newRoomName(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  // The bias of a byte modulo 5 towards `a` is under 2 %.
  const bytes = random(new Uint8Array(16));
  const letters = [...bytes].map((byte, index) => (index % 2 === 0 ? CONSONANTS[byte % 16] : VOWELS[byte % 5])).join("");
  return letters.match(/.{4}/g)?.join("-") ?? letters;
}
