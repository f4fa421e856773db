import { describe, expect, it } from "vitest";

import { newRoomName, normalizeRoom, parseRoom, readRoom, roomProblem, roomUrl } from "../src/roomName.ts";

describe("names that look equal are one room", () => {
  it.each([
    ["spaces around it", "  tea \n", "tea"],
    ["several spaces, tabs, no-break spaces", "tea \t time\u00a0today", "tea time today"],
    ["capitals", "PLANning", "planning"],
    ["capitals beyond ASCII", "ÉCOLE Ω", "école ω"],
    ["a decomposed accent", "Cafe\u0301", "caf\u00e9"],
    ["a capital whose small letter is decomposed", "\u0130", "i\u0307"],
    ["a capital that has no composed form", "J\u030c", "\u01f0"],
    ["a zero-width space", "plan\u200bning", "planning"],
    ["a byte order mark", "\ufeffplan\ufeffning", "planning"],
    ["a soft hyphen and a word joiner", "plan\u00adn\u2060ing", "planning"],
    ["an accent after an invisible character", "e\u200d\u0301", "\u00e9"],
    ["a text direction override", "\u202eplanning\u202c", "planning"],
    ["text direction isolates and marks", "\u2066plan\u2069\u200f\u061cning", "planning"],
    ["a variation selector", "❤\ufe0f", "❤"],
    ["control characters", "plan\u0000ning\u0085", "planning"],
    ["half of an emoji", "tea \ud83d", "tea"],
    ["the remains of a broken character", "tea\ufffd", "tea"],
    ["nothing visible", "\u200b \u2060", ""],
    ["another script and an emoji", "会議 🎥", "会議 🎥"],
  ])("%s", (_, name, room) => {
    expect(normalizeRoom(name)).toBe(room);
    expect(normalizeRoom(room)).toBe(room);
  });
});

describe("the room in what people paste", () => {
  it.each([
    ["a name", "Planning", "planning"],
    ["a name with a question", "what now?", "what now?"],
    ["a link", "https://calls.example/?room=planning", "planning"],
    ["a link to a server below a path", "https://calls.example/call/?room=planning", "planning"],
    ["a link without a scheme", "calls.example/?room=planning", "planning"],
    ["an address with a port", "127.0.0.1:4000/?room=planning", "planning"],
    ["a link without a slash", "calls.example?room=planning", "planning"],
    ["a scheme in capitals", "HTTPS://CALLS.EXAMPLE/?room=planning", "planning"],
    ["a parameter in capitals", "https://calls.example/?ROOM=planning", "planning"],
    ["other parameters", "https://calls.example/?name=Ann&room=planning&join", "planning"],
    ["a fragment", "https://calls.example/?room=planning#people", "planning"],
    ["angle brackets", "<https://calls.example/?room=planning>", "planning"],
    ["parentheses", "(calls.example/?room=planning)", "planning"],
    ["square brackets", "[https://calls.example/?room=planning]", "planning"],
    ["Markdown", "[Join](https://calls.example/?room=planning).", "planning"],
    ["quotation marks", "“https://calls.example/?room=planning”", "planning"],
    ["an HTML attribute", '<a href="https://calls.example/?room=planning">Join</a>', "planning"],
    ["text around it", "Join: https://calls.example/?room=planning at ten", "planning"],
    ["the end of a sentence", "Is it calls.example/?room=planning?!", "planning"],
    ["another link before it", "https://wiki.example/?page=1 and https://calls.example/?room=planning", "planning"],
    ["an encoded name", "https://calls.example/?room=tea+%26+Talk%2E.", "tea & talk."],
    ["a link to no call", "https://calls.example/", ""],
    ["a link with an empty room", "https://calls.example/?room=+&name=Ann", ""],
    ["text with a link to no call", "See https://wiki.example/?page=1", ""],
    ["half a link", "https://", ""],
  ])("%s", (_, text, room) => {
    expect(parseRoom(text)).toBe(room);
  });
});

describe("the link to a room", () => {
  it("contains the normalized room and no other parameter", () => {
    expect(roomUrl("Tea & talk", "https://calls.example/?room=old&name=Ann&join#there")).toBe("https://calls.example/?room=tea+%26+talk");
  });

  it.each(["tea & talk", "a.b...", "what?", "(x)", "it's", 'a "b"', "50 %", "a#b", "会議 🎥", "x=y|z"])("leads to %s again, inside a sentence too", (room) => {
    const link = roomUrl(room, "https://calls.example/call/");
    expect(readRoom(new URL(link).searchParams)).toBe(room);
    expect(parseRoom(`Come to ${link}.`)).toBe(room);
  });
});

it("a name of more than 64 characters is explained, counted as the server does", () => {
  expect(roomProblem("🎥".repeat(64))).toBeUndefined();
  expect(roomProblem("r".repeat(65))).toBe("This name is too long: a call has at most 64 characters.");
});

describe("a new room", () => {
  it("is pronounceable and normalized", () => {
    const room = newRoomName();
    expect(room).toMatch(/^([bdfghjklmnprstvz][aeiou]){2}(-([bdfghjklmnprstvz][aeiou]){2}){3}$/);
    expect(normalizeRoom(room)).toBe(room);
  });

  it("is random", () => {
    expect(new Set(Array.from({ length: 1000 }, () => newRoomName())).size).toBe(1000);
  });
});
