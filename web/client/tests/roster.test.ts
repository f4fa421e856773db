import { expect, test, vi } from "vitest";

import type { PeerInfo } from "../src/generated/messages.ts";
import { Publication } from "../src/publication.ts";
import { REJOIN_WINDOW_MS, Roster } from "../src/roster.ts";

function newRoster() {
  const clock = { now: 0 };
  const listener = { joined: vi.fn(), left: vi.fn(), tracksChanged: vi.fn() };
  const make = (source: Publication["source"], kind: Publication["kind"]) => new Publication(source, kind, "all", async () => {});
  return { clock, listener, roster: new Roster(make, listener, () => clock.now) };
}

function peer(peerId: string, userId: string, producers: PeerInfo["producers"] = []): PeerInfo {
  return { peerId, userId, displayName: userId, appData: {}, connectionState: "connected", producers };
}

function producer(producerId: string, kind: PeerInfo["producers"][number]["kind"], source?: string): PeerInfo["producers"][number] {
  return { producerId, kind, paused: false, appData: source ? { source } : {} };
}

test("a user with another peer id in the next snapshot keeps the participant object", () => {
  const { roster, listener } = newRoster();
  roster.applySnapshot([peer("p1", "ann", [producer("a", "video")])]);
  const [ann] = roster.participants.values();
  const camera = ann?.publications.get("camera");
  roster.applySnapshot([peer("p2", "ann", [producer("b", "video")])]);
  expect([...roster.participants.values()]).toEqual([ann]);
  expect(ann?.peerId).toBe("p2");
  expect(ann?.publications.get("camera")).toBe(camera);
  expect(listener.left).not.toHaveBeenCalled();
  expect([...roster.tracks.keys()]).toEqual(["b"]);
});

test("a name that reverses the direction of text is shown as it is stored; joined emoji stay", () => {
  const { roster } = newRoster();
  roster.applySnapshot([{ ...peer("p1", "ann"), displayName: "\u202Ennh\u202C oJ\u0007" }, { ...peer("p2", "ben"), displayName: "👩‍💻 أمل" }]);
  expect([...roster.participants.values()].map(({ name }) => name)).toEqual(["nnh oJ", "👩‍💻 أمل"]);
});

test("a snapshot and the server's event set the connection state; an absent or unknown state counts as connected", () => {
  const { roster } = newRoster();
  roster.applySnapshot([{ ...peer("p1", "ann"), connectionState: "disconnected" }, peer("p2", "ben")]);
  const [ann, ben] = roster.participants.values();
  ann?.setQuality("good");
  expect([ann?.quality, ben?.connected]).toEqual(["lost", true]);
  roster.setConnectionState("p1", "connected");
  roster.setConnectionState("p2", "disconnected");
  expect([ann?.quality, ben?.quality]).toEqual(["good", "lost"]);
  roster.setConnectionState("p2", "other");
  expect(ben?.connected).toBe(true);
  roster.setConnectionState("p2", "disconnected");
  roster.applySnapshot([peer("p1", "ann"), { ...peer("p2", "ben"), connectionState: undefined as never }]);
  expect(ben?.connected).toBe(true);
  roster.setConnectionState("p2", "disconnected");
  roster.removePeer("p2", "disconnected");
  roster.addPeer(peer("p3", "ben"));
  expect(ben?.connected).toBe(true);
});

test("a user who rejoins within the window keeps the participant object, and gets a new one after it", () => {
  const { roster, clock } = newRoster();
  roster.addPeer(peer("p1", "ann"));
  const [ann] = roster.participants.values();
  roster.removePeer("p1", "left");
  expect(roster.participants.size).toBe(0);
  clock.now += REJOIN_WINDOW_MS;
  roster.addPeer({ ...peer("p2", "ann"), displayName: "Anna" });
  expect([...roster.participants.values()]).toEqual([ann]);
  expect(ann?.name).toBe("Anna");
  roster.removePeer("p2", "left");
  clock.now += REJOIN_WINDOW_MS + 1;
  roster.addPeer(peer("p3", "ann"));
  expect([...roster.participants.values()][0]).not.toBe(ann);
});

test("two peers with the same user id are two participants", () => {
  const { roster } = newRoster();
  roster.applySnapshot([peer("p1", "ann"), peer("p2", "ann")]);
  roster.applySnapshot([peer("p1", "ann"), peer("p2", "ann")]);
  expect(roster.participants.size).toBe(2);
});

test("sources of a client that names none follow from the kind, and surplus tracks are ignored", () => {
  const { roster } = newRoster();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  roster.applySnapshot([peer("p1", "ann", [producer("a", "video"), producer("b", "video"), producer("c", "video"), producer("d", "audio")])]);
  const [ann] = roster.participants.values();
  expect([...(ann?.publications.keys() ?? [])]).toEqual(["camera", "screen", "microphone"]);
  expect(warn).toHaveBeenCalledOnce();
});

test("a named source is used, and a pause mutes the publication", () => {
  const { roster } = newRoster();
  roster.applySnapshot([peer("p1", "ann", [producer("s", "video", "screen")])]);
  const [ann] = roster.participants.values();
  roster.setPaused("s", true);
  expect(ann?.publications.get("screen")?.muted).toBe(true);
  roster.removeProducer("s");
  expect(ann?.publications.size).toBe(0);
});

test("a track of a kind that only a newer server knows is ignored", () => {
  const { roster } = newRoster();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  roster.applySnapshot([peer("p1", "ann", [producer("a", "other"), producer("b", "video")])]);
  expect([...roster.tracks.keys()]).toEqual(["b"]);
  expect(warn).toHaveBeenCalledOnce();
  warn.mockRestore();
});
