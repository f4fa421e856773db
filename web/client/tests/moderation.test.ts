import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { ModerationState, PeerInfo, RoomJoined } from "../src/generated/messages.ts";
import { Call, type CallState } from "../src/index.ts";
import { RoomServer } from "./roomServer.ts";

let server: RoomServer;
const calls: Call[] = [];

const STATE: ModerationState = { role: "moderator", locked: false, lobby: false, muted: [], waiting: [] };
const BOB: PeerInfo = { peerId: "bob", userId: "bob", displayName: "Bob", appData: {}, connectionState: "connected", producers: [], role: "speaker", muted: [] };
const ROOM: RoomJoined = { peerId: "me", peers: [BOB], revision: 1, iceServers: [], resumeToken: "token", recordings: [], moderation: STATE, waiting: false };

beforeEach(async () => {
  server = await new RoomServer().start();
  server.override.joinRoom = () => ROOM;
});

afterEach(async () => {
  await Promise.all(calls.splice(0).map((call) => call.leave()));
  await server.stop();
});

function newCall(): Call {
  const device = new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });
  const call = new Call({ url: server.url, room: "room", name: "Ben", device });
  calls.push(call);
  return call;
}

async function joined(): Promise<Call> {
  const call = newCall();
  await call.join();
  return call;
}

function microphone(): MediaStreamTrack {
  return new FakeMediaStreamTrack({ kind: "audio" }) as unknown as MediaStreamTrack;
}

test("a moderator's decisions reach the server", async () => {
  const call = await joined();
  const { moderation } = call;
  const bob = call.participants.get("bob")!;
  await moderation.mute(bob, "microphone");
  await moderation.unmute(bob, "microphone");
  await moderation.stop(bob, "screen");
  await moderation.remove(bob, { ban: true });
  await moderation.setLocked(true);
  await moderation.setLobby(true);
  await moderation.setRole(bob, "listener");
  await moderation.lowerHand(bob);
  await moderation.raiseHand();
  await moderation.closeRoom();
  expect(moderation.isModerator).toBe(true);
  expect(server.requests.slice(-10)).toEqual([
    { event: "mutePeer", request: { peerId: "bob", source: "microphone" } },
    { event: "unmutePeer", request: { peerId: "bob", source: "microphone" } },
    { event: "stopPeerSource", request: { peerId: "bob", source: "screen" } },
    { event: "removePeer", request: { peerId: "bob", ban: true } },
    { event: "lockRoom", request: { locked: true } },
    { event: "setLobby", request: { enabled: true } },
    { event: "setRole", request: { peerId: "bob", role: "listener" } },
    { event: "lowerHand", request: { peerId: "bob" } },
    { event: "raiseHand", request: {} },
    { event: "closeRoom", request: {} },
  ]);
});

test("what moderators decide is shown", async () => {
  const call = await joined();
  const bob = call.participants.get("bob")!;
  server.push("peerMuted", { peerId: "bob", source: "microphone", muted: true, revision: 2 });
  server.push("roleChanged", { peerId: "bob", role: "listener", revision: 3 });
  server.push("handRaised", { peerId: "bob", raisedAt: 7, revision: 4 });
  server.push("roomAccessChanged", { locked: true, lobby: true, revision: 5 });
  await vi.waitFor(() => expect(call.moderation.locked && call.moderation.lobby).toBe(true));
  expect([[...bob.mutedByModerator], bob.role, bob.handRaisedAt]).toEqual([["microphone"], "listener", 7]);
  server.push("peerMuted", { peerId: "bob", source: "microphone", muted: false, revision: 6 });
  server.push("handLowered", { peerId: "bob", revision: 7 });
  await vi.waitFor(() => expect(bob.handRaisedAt).toBeUndefined());
  expect(bob.mutedByModerator.size).toBe(0);
});

test("a muted microphone is off, cannot be switched on, and is not switched on when the mute is lifted", async () => {
  const call = await joined();
  const track = microphone();
  await call.local.publish(track, "microphone");
  const muted: string[] = [];
  const asked: unknown[] = [];
  call.moderation.on("muted", (source) => muted.push(source));
  call.moderation.on("unmuteRequested", (source, askedBy) => asked.push([source, askedBy]));
  server.push("peerMuted", { peerId: "me", source: "microphone", muted: true, revision: 2 });
  await vi.waitFor(() => expect(muted).toEqual(["microphone"]));
  expect([track.enabled, call.local.publications.get("microphone")?.muted]).toEqual([false, true]);
  await expect(call.local.setMicrophone(true)).rejects.toMatchObject({ code: "muted" });
  expect(server.count("resumeProducer")).toBe(0);
  server.push("peerMuted", { peerId: "me", source: "microphone", muted: false, revision: 3 });
  server.push("unmuteRequested", { source: "microphone", askedBy: "mia", revision: 4 });
  await vi.waitFor(() => expect(asked).toEqual([["microphone", "mia"]]));
  expect(track.enabled).toBe(false);
  await call.local.setMicrophone(true);
  expect([track.enabled, server.count("resumeProducer")]).toEqual([true, 1]);
});

test("a microphone that the server refuses to resume is off again", async () => {
  const call = await joined();
  const track = microphone();
  await call.local.publish(track, "microphone");
  await call.local.setMicrophone(false);
  server.override.resumeProducer = () => {
    throw { code: "muted", message: "a moderator muted this source", retryable: false };
  };
  await expect(call.local.setMicrophone(true)).rejects.toMatchObject({ code: "muted" });
  expect([track.enabled, call.local.publications.get("microphone")?.muted]).toEqual([false, true]);
});

test.each([
  ["the client knows", { ...ROOM, moderation: { ...STATE, muted: ["microphone"] } } as RoomJoined, { id: "p" }],
  ["only the server knows", ROOM, { id: "p", paused: true }],
])("a muted source is published as muted, of which %s", async (_name, room, produced) => {
  server.override.joinRoom = () => room;
  server.override.produce = () => produced;
  const call = await joined();
  const track = microphone();
  await call.local.publish(track, "microphone");
  expect([track.enabled, call.local.publications.get("microphone")?.muted]).toEqual([false, true]);
  expect(server.count("resumeProducer")).toBe(0);
});

test("a track that a moderator stopped is not sent again", async () => {
  server.override.produce = () => ({ id: "mine" });
  const call = await joined();
  const track = microphone();
  await call.local.publish(track, "microphone");
  server.push("producerClosed", { producerId: "mine", peerId: "me", reason: "stopped_by_moderator", revision: 2 });
  await vi.waitFor(() => expect(call.local.publications.size).toBe(0));
  expect([track.readyState, server.count("produce")]).toEqual(["ended", 1]);
});

test("moderators see who waits", async () => {
  const call = await joined();
  const knocked: string[] = [];
  call.moderation.on("knocked", ({ displayName }) => knocked.push(displayName));
  const peer = { peerId: "eve", userId: "eve", displayName: "Eve", appData: {} };
  server.push("lobbyPeerJoined", { peer, revision: 2 });
  await vi.waitFor(() => expect(call.moderation.waiting).toEqual([peer]));
  expect(knocked).toEqual(["Eve"]);
  await call.moderation.admit(peer);
  await call.moderation.refuse(peer);
  expect(server.requests.slice(-2).map(({ event, request }) => [event, request])).toEqual([
    ["admitPeer", { peerId: "eve" }],
    ["refusePeer", { peerId: "eve" }],
  ]);
  server.push("lobbyPeerLeft", { peerId: "eve", admitted: true, revision: 3 });
  await vi.waitFor(() => expect(call.moderation.waiting).toEqual([]));
});

const WAITING: RoomJoined = { peerId: "me", peers: [], revision: 1, iceServers: [], resumeToken: "token", recordings: [], waiting: true };

test("a call waits in the lobby, also across a lost socket, until it is admitted", async () => {
  server.override.joinRoom = () => WAITING;
  server.override.resume = () => ({ ...WAITING, transports: [], producers: [], consumers: [] });
  const call = newCall();
  const states: CallState[] = [];
  call.on("state", (state) => states.push(state));
  const join = call.join();
  await vi.waitFor(() => expect(call.state).toBe("waiting"));
  expect(server.last("joinRoom")).toMatchObject({ features: ["lobby", "makeBeforeBreak"] });
  await call.local.publish(microphone(), "microphone");
  expect(server.count("createTransport")).toBe(0);
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("resume")).toBe(1));
  expect(call.state).toBe("waiting");
  const { resumeToken: _, ...room } = ROOM;
  server.push("admitted", { room });
  await join;
  expect(states).toEqual(["connecting", "waiting", "connected"]);
  expect([...call.participants.keys()]).toEqual(["bob"]);
  await vi.waitFor(() => expect(server.count("produce")).toBe(1));
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("resume")).toBe(2));
  expect(server.last("resume")).toMatchObject({ resumeToken: "token" });
});

test.each([
  ["closed", "room_closed", undefined],
  ["removed", "removed", undefined],
  ["banned", "removed", "banned"],
  ["refused", "refused", "not_admitted"],
] as const)("a call that is %s ends and does not come back", async (reason, end, code) => {
  server.override.joinRoom = () => (reason === "refused" ? WAITING : ROOM);
  const call = newCall();
  const join = call.join();
  const failed = expect(reason === "refused" ? join : join.then(() => Promise.reject({ code }))).rejects.toMatchObject(code ? { code } : {});
  await vi.waitFor(() => expect(["waiting", "connected"]).toContain(call.state));
  server.push("roomClosed", { reason });
  await vi.waitFor(() => expect(call.state).toBe("ended"));
  await failed;
  expect([call.ended?.reason, call.ended?.error?.code]).toEqual([end, code]);
  expect(server.count("joinRoom")).toBe(1);
});
