import { describe, expect, it } from "vitest";

import { newRoom, readAddress, roomOf, roomUrl } from "../src/address.ts";

describe("the address", () => {
  it("names the room, and how to enter it", () => {
    expect(readAddress("?room=tea&name=Ann&user=7&join&width=640&height=360&codec=VP9&simulcast")).toEqual({
      room: "tea", name: "Ann", user: "7", join: true, width: 640, height: 360, codec: "vp9", simulcast: true,
    });
  });

  it("is nothing by itself, and nothing wrong is taken from it", () => {
    const nothing = { room: "", name: "", user: "", join: false, width: undefined, height: undefined, codec: undefined, simulcast: false };
    expect(readAddress("")).toEqual(nothing);
    expect(readAddress("?room=%20&width=-3&height=wide&codec=gif")).toEqual(nothing);
  });
});

describe("a link", () => {
  it("has the room and nothing else of the address", () => {
    expect(roomUrl("tea & talk", "https://calls.example/?room=old&name=Ann&join#there")).toBe("https://calls.example/?room=tea+%26+talk");
  });

  it("leads to the room when it is pasted", () => {
    expect(roomOf(roomUrl("tea & talk", "https://calls.example/"))).toBe("tea & talk");
    expect(roomOf("  tea ")).toBe("tea");
    expect(roomOf("https://calls.example/")).toBe("");
    expect(roomOf("https://")).toBe("");
  });
});

describe("a new room", () => {
  it("can be said aloud", () => {
    expect(newRoom()).toMatch(/^([bdfghjklmnprstvz][aeiou]){2}(-([bdfghjklmnprstvz][aeiou]){2}){3}$/);
  });

  it("is another one each time", () => {
    expect(new Set(Array.from({ length: 1000 }, () => newRoom())).size).toBe(1000);
  });
});
