import { expect, test, vi } from "vitest";

import type { PeerInfo } from "../src/generated/messages.ts";
import { Publication } from "../src/publication.ts";
import { KEPT_MS, Roster } from "../src/roster.ts";

function roster() {
  const clock = { now: 0 };
  const listener = { joined: vi.fn(), left: vi.fn(), tracksChanged: vi.fn() };
  const make = (source: Publication["source"], kind: Publication["kind"]) => new Publication(source, kind, "all", async () => {});
  return { clock, listener, roster: new Roster(make, listener, () => clock.now) };
}

function peer(peerId: string, userId: string, producers: PeerInfo["producers"] = []): PeerInfo {
  return { peerId, userId, displayName: userId, appData: {}, producers };
}

function producer(producerId: string, kind: "audio" | "video", source?: string): PeerInfo["producers"][number] {
  return { producerId, kind, paused: false, appData: source ? { source } : {} };
}

test("somebody who is in the next snapshot under another peer id has never left", () => {
  const { roster: here, listener } = roster();
  here.adopt([peer("p1", "ann", [producer("a", "video")])]);
  const [ann] = here.participants.values();
  const camera = ann?.publications.get("camera");
  here.adopt([peer("p2", "ann", [producer("b", "video")])]);
  expect([...here.participants.values()]).toEqual([ann]);
  expect(ann?.peerId).toBe("p2");
  expect(ann?.publications.get("camera")).toBe(camera);
  expect(listener.left).not.toHaveBeenCalled();
  expect([...here.tracks.keys()]).toEqual(["b"]);
});

test("who comes back soon is the same object, who comes back late is another", () => {
  const { roster: here, clock } = roster();
  here.add(peer("p1", "ann"));
  const [ann] = here.participants.values();
  here.remove("p1", "left");
  expect(here.participants.size).toBe(0);
  clock.now += KEPT_MS;
  here.add({ ...peer("p2", "ann"), displayName: "Anna" });
  expect([...here.participants.values()]).toEqual([ann]);
  expect(ann?.name).toBe("Anna");
  here.remove("p2", "left");
  clock.now += KEPT_MS + 1;
  here.add(peer("p3", "ann"));
  expect([...here.participants.values()][0]).not.toBe(ann);
});

test("two people of one user id are two people", () => {
  const { roster: here } = roster();
  here.adopt([peer("p1", "ann"), peer("p2", "ann")]);
  here.adopt([peer("p1", "ann"), peer("p2", "ann")]);
  expect(here.participants.size).toBe(2);
});

test("a client that names no sources is shown by kind, and what is too much is passed over", () => {
  const { roster: here } = roster();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  here.adopt([peer("p1", "ann", [producer("a", "video"), producer("b", "video"), producer("c", "video"), producer("d", "audio")])]);
  const [ann] = here.participants.values();
  expect([...(ann?.publications.keys() ?? [])]).toEqual(["camera", "screen", "microphone"]);
  expect(warn).toHaveBeenCalledOnce();
});

test("a named source is kept, and a pause is shown", () => {
  const { roster: here } = roster();
  here.adopt([peer("p1", "ann", [producer("s", "video", "screen")])]);
  const [ann] = here.participants.values();
  here.setPaused("s", true);
  expect(ann?.publications.get("screen")?.muted).toBe(true);
  here.removeProducer("s");
  expect(ann?.publications.size).toBe(0);
});
