import { describe, expect, it } from "vitest";

import { basePath, newRoomName, readAddress, parseRoom, roomUrl } from "../src/address.ts";

describe("the address", () => {
  it("contains the room and the options", () => {
    expect(readAddress("?room=tea&name=Ann&user=7&join&width=640&height=360&codec=VP9&simulcast")).toEqual({
      room: "tea", name: "Ann", user: "7", join: true, width: 640, height: 360, codec: "vp9", simulcast: true,
    });
  });

  it("is empty by default, and invalid values are ignored", () => {
    const nothing = { room: "", name: "", user: "", join: false, width: undefined, height: undefined, codec: undefined, simulcast: false };
    expect(readAddress("")).toEqual(nothing);
    expect(readAddress("?room=%20&width=-3&height=wide&codec=gif")).toEqual(nothing);
  });
});

describe("a link", () => {
  it("contains the room and no other parameter", () => {
    expect(roomUrl("tea & talk", "https://calls.example/?room=old&name=Ann&join#there")).toBe("https://calls.example/?room=tea+%26+talk");
  });

  it("is parsed to its room", () => {
    expect(parseRoom(roomUrl("tea & talk", "https://calls.example/"))).toBe("tea & talk");
    expect(parseRoom("  tea ")).toBe("tea");
    expect(parseRoom("https://calls.example/")).toBe("");
    expect(parseRoom("https://")).toBe("");
  });
});

describe("the base path", () => {
  it.each([
    ["https://example.org/?room=a", "/"],
    ["https://example.org/index.html", "/"],
    ["https://example.org/call/?room=a/b", "/call/"],
    ["https://example.org/a/b/index.html#x", "/a/b/"],
  ])("of %s is %s", (page, path) => {
    expect(basePath(page)).toBe(path);
  });
});

describe("a new room", () => {
  it("is pronounceable", () => {
    expect(newRoomName()).toMatch(/^([bdfghjklmnprstvz][aeiou]){2}(-([bdfghjklmnprstvz][aeiou]){2}){3}$/);
  });

  it("is random", () => {
    expect(new Set(Array.from({ length: 1000 }, () => newRoomName())).size).toBe(1000);
  });
});
