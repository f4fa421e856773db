import { describe, expect, it } from "vitest";

import { basePath, readAddress } from "../src/address.ts";

describe("the address", () => {
  it("contains the room and the options", () => {
    expect(readAddress("?room=tea&name=Ann&user=7&join&watch&width=640&height=360&codec=VP9&simulcast=off&standby=off&subscribe=manual")).toEqual({
      room: "tea", name: "Ann", user: "7", join: true, watch: true, width: 640, height: 360, codec: "vp9", simulcast: false, standby: false, subscribe: "manual", recordings: false, recording: "", token: "",
    });
  });

  it("has defaults, and invalid values are ignored", () => {
    const nothing = { room: "", name: "", user: "", join: false, watch: false, width: undefined, height: undefined, codec: undefined, simulcast: true, standby: true, subscribe: "visible", recordings: false, recording: "", token: "" };
    expect(readAddress("")).toEqual(nothing);
    expect(readAddress("?room=%20&width=-3&height=wide&codec=gif&subscribe=some")).toEqual(nothing);
  });

  it("contains the access token of the fragment", () => {
    expect(readAddress("?room=tea", "#token=a.b.c")).toMatchObject({ room: "tea", token: "a.b.c" });
    expect(readAddress("?room=tea&token=x", "#other")).toMatchObject({ token: "" });
  });

  it("contains the normalized room, and a name that the form would accept", () => {
    expect(readAddress(`?ROOM=Caf%65%CC%81&name=${"🎥".repeat(130)}`)).toMatchObject({ room: "caf\u00e9", name: "🎥".repeat(64) });
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
