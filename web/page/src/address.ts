/** What the page's address says. */

/** `?room=` is all that a link to a call needs; the rest is for tests and embedding. */
export interface Address {
  room: string;
  name: string;
  /** Who this is to an application that the page is embedded in; chosen at random when it is empty. */
  user: string;
  /** Joins at once, without the preview. */
  join: boolean;
  width: number | undefined;
  height: number | undefined;
  codec: "vp8" | "vp9" | "h264" | "av1" | undefined;
  simulcast: boolean;
}

const CODECS = ["vp8", "vp9", "h264", "av1"] as const;

export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const codec = query.get("codec")?.toLowerCase();
  return {
    room: query.get("room")?.trim() ?? "",
    name: query.get("name")?.trim() ?? "",
    user: query.get("user")?.trim() ?? "",
    join: query.has("join"),
    width: size(query.get("width")),
    height: size(query.get("height")),
    codec: CODECS.find((known) => known === codec),
    simulcast: query.has("simulcast"),
  };
}

function size(text: string | null): number | undefined {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

/** The link to a room, for others. */
export function roomUrl(room: string, base: string): string {
  const url = new URL(base);
  url.search = new URLSearchParams({ room }).toString();
  url.hash = "";
  return url.href;
}

/** The room that somebody typed, or pasted as a link. */
export function roomOf(text: string): string {
  const typed = text.trim();
  if (!/^https?:/i.test(typed)) return typed;
  try {
    return new URL(typed).searchParams.get("room")?.trim() ?? "";
  } catch {
    return "";
  }
}

const CONSONANTS = "bdfghjklmnprstvz";
const VOWELS = "aeiou";

/** A name for a room that can be told by word of mouth, and not be guessed (50 bits): `bako-timu-selo-rani`. */
export function newRoom(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string {
  // A byte modulo 5 favours `a` by less than one in fifty.
  const bytes = random(new Uint8Array(16));
  const letters = [...bytes].map((byte, index) => (index % 2 === 0 ? CONSONANTS[byte % 16] : VOWELS[byte % 5])).join("");
  return letters.match(/.{4}/g)?.join("-") ?? letters;
}
