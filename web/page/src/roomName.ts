/** Names of rooms, and links to them as people write and paste them. */

/** The server's limit on `callId`, in code points. */
export const MAX_ROOM_LENGTH = 64;

/**
 * Returns the one form of a room's name in which names that look equal are equal. The page joins the room of this name;
 * the server and the SDK take any name as it is.
 *
 * Invisible characters are removed (zero-width and bidirectional ones, all of Unicode's Default_Ignorable_Code_Point; control
 * characters; halves and remains of broken characters), capitals become small letters by Unicode's default mapping, white space
 * becomes single spaces without any at the ends, and the result is in NFC.
 */
export function normalizeRoom(name: string): string {
  return name
    .replace(/[\p{DI}\p{Cs}\ufffd]/gu, "")
    .replace(/\s+/gu, " ")
    .replace(/\p{Cc}/gu, "")
    .normalize("NFC")
    .toLowerCase()
    .normalize("NFC")
    .trim();
}

/** Explains why a room of this normalized name cannot be opened; `undefined` if it can. */
export function roomProblem(room: string): string | undefined {
  return [...room].length > MAX_ROOM_LENGTH ? `This name is too long: a call has at most ${MAX_ROOM_LENGTH} characters.` : undefined;
}

/** Returns the normalized room of a query; empty if it names none. The parameter may be in capitals. */
export function readRoom(query: URLSearchParams): string {
  const [, room = ""] = [...query].find(([name]) => name.toLowerCase() === "room") ?? [];
  return normalizeRoom(room);
}

/** The query of a link. Links of {@link roomUrl} contain none of these ends, encoded characters apart. */
const QUERY = /\?([^\s<>"'`|#“”‘’«»]+)/gu;
/** Punctuation of the sentence around a link. */
const AFTER_LINK = /[.,;:!?…)\]}]+$/u;

/**
 * Returns the normalized room in user input: the name of a room, or text that contains a link, with or without `https://`.
 * Empty if a link names no room.
 */
export function parseRoom(text: string): string {
  for (const [, query = ""] of text.matchAll(QUERY)) {
    const room = readRoom(new URLSearchParams(query.replace(AFTER_LINK, "")));
    if (room) return room;
  }
  return /https?:\/\//iu.test(text) ? "" : normalizeRoom(text);
}

/** Returns the link to a room. @param base - Address of the page. */
export function roomUrl(room: string, base: string): string {
  const url = new URL(base);
  // A point at the end of a link counts as the end of a sentence.
  url.search = new URLSearchParams({ room: normalizeRoom(room) }).toString().replace(/\.+$/, (points) => "%2E".repeat(points.length));
  url.hash = "";
  return url.href;
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
