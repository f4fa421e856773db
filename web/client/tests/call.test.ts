import * as fakeParameters from "mediasoup-client/fakeParameters";
import { expect, test, vi } from "vitest";

import { CallError } from "../src/index.ts";
import { joined, newCall, server, startServer } from "./callRig.ts";
import { newDevice, track } from "./fakeMedia.ts";

test("a call joins, publishes with its source, and leaves", async () => {
  const call = newCall();
  const states: string[] = [];
  call.on("state", (state) => states.push(state));
  await call.join();
  expect(server.last("joinRoom")).toMatchObject({ callId: "room", displayName: "Ben", resumable: true });
  const publication = await call.local.publish(track("audio"), "microphone");
  expect(server.last("produce")).toMatchObject({ kind: "audio", appData: { source: "microphone" }, paused: false });
  expect(call.local.publications.get("microphone")).toBe(publication);
  await call.leave();
  expect(states).toEqual(["connecting", "connected", "ended"]);
  expect(server.count("leaveRoom")).toBe(1);
  expect(call.ended).toEqual({ reason: "left" });
  expect(publication.track?.readyState).toBe("ended");
});

test.each(["/call", "/call/"])("a call joins a server below the path %s", async (path) => {
  await server.stop();
  await startServer("/call");
  const call = await joined({ url: server.url, path });
  expect(call.state).toBe("connected");
});

test("a refused join rejects with the server's code and ends the call", async () => {
  server.override.joinRoom = () => {
    throw { code: "quota_exceeded", message: "the room is full", retryable: false };
  };
  const call = newCall();
  const error = await call.join().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CallError);
  expect(error).toMatchObject({ code: "quota_exceeded", message: "the room is full" });
  expect(call.state).toBe("ended");
  expect(call.ended?.reason).toBe("failed");
});

test("a call cannot be joined twice", async () => {
  const call = await joined();
  await expect(call.join()).rejects.toMatchObject({ code: "invalid_state" });
});

test("muting pauses the producer and keeps the track", async () => {
  const call = await joined();
  const microphone = track("audio");
  await call.local.publish(microphone, "microphone");
  await call.local.setMicrophone(false);
  expect(microphone.enabled).toBe(false);
  expect(server.count("pauseProducer")).toBe(1);
  expect(call.local.publications.get("microphone")?.muted).toBe(true);
  await call.local.setMicrophone(true);
  expect(server.count("resumeProducer")).toBe(1);
});

test("each connection has a new access token, and a token that expires is replaced", async () => {
  let count = 0;
  server.token = "token 1";
  const call = await joined({ token: () => Promise.resolve(`token ${++count}`) });
  server.push("tokenExpiring", { expiresAt: 0 });
  await vi.waitFor(() => expect(server.last("refreshToken")).toEqual({ token: "token 2" }));
  server.token = "token 3";
  server.override.resume = () => {
    throw { code: "not_found", message: "gone", retryable: false };
  };
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("joinRoom")).toBe(2));
  await vi.waitFor(() => expect(call.state).toBe("connected"));
});

test("a client without a valid access token learns why", async () => {
  server.token = "valid";
  const call = newCall({ token: () => Promise.resolve("old") });
  await expect(call.join()).rejects.toMatchObject({ code: "unauthenticated" });
  expect(call.ended).toMatchObject({ reason: "failed", error: { code: "unauthenticated" } });
});

test("an application that has no token at the moment is asked again", async () => {
  server.token = "late";
  let count = 0;
  const call = await joined({ token: () => (++count < 2 ? Promise.reject(new Error("no network")) : Promise.resolve("late")) });
  expect(call.state).toBe("connected");
  expect(count).toBe(2);
});

test("leaving during createRoom does not join the room", async () => {
  const rtpCapabilities = fakeParameters.generateRouterRtpCapabilities();
  const device = newDevice();
  await device.load({ routerRtpCapabilities: rtpCapabilities });
  const call = newCall({ device });
  server.override.createRoom = ({ callId }) => {
    void call.leave();
    return { callId, rtpCapabilities };
  };
  await expect(call.join()).rejects.toMatchObject({ code: "cancelled" });
  await vi.waitFor(() => expect(server.clients).toBe(0));
  expect(server.count("joinRoom")).toBe(0);
});

test("a page without HTTPS, which has no randomUUID, gets a random user id", async () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  const [one, other] = [newCall(), newCall()];
  vi.unstubAllGlobals();
  expect(one.local.userId).toMatch(/^[0-9a-f]{32}$/);
  expect(other.local.userId).not.toBe(one.local.userId);
});

test("join rejects with room_closed when the server closes the room meanwhile", async () => {
  const call = newCall();
  server.override.joinRoom = () => {
    server.push("roomClosed", { reason: "closed" });
    return new Promise(() => undefined);
  };
  await expect(call.join()).rejects.toMatchObject({ code: "room_closed" });
  expect(call.ended).toEqual({ reason: "room_closed" });
});

test("closing the room ends the call", async () => {
  const call = await joined();
  server.push("roomClosed", { reason: "closed" });
  await vi.waitFor(() => expect(call.ended).toEqual({ reason: "room_closed" }));
});

test("the application's server tells the room something", async () => {
  const call = await joined();
  const heard: unknown[] = [];
  call.on("announcement", (data) => heard.push(data));
  server.push("announcement", { data: { text: "Five minutes left" } });
  await vi.waitFor(() => expect(heard).toEqual([{ text: "Five minutes left" }]));
});

test("the audience is counted", async () => {
  const call = await joined();
  expect([call.audience, server.last("joinRoom")!["audience"], call.local.watches]).toEqual([0, undefined, false]);
  const counts: number[] = [];
  call.on("audience", (count) => counts.push(count));
  const { version } = call;
  server.push("audienceChanged", { count: 7 });
  await vi.waitFor(() => expect(call.audience).toBe(7));
  expect(call.version).toBeGreaterThan(version);
  server.push("audienceChanged", { count: 7 });
  server.override.resume = ({ resumeToken }) => ({
    ...{ peerId: call.local.peerId, peers: [], revision: 5, iceServers: [], resumeToken, audience: 3 },
    ...{ transports: [], producers: [], consumers: [] },
  });
  server.disconnectAll();
  await vi.waitFor(() => expect(counts).toEqual([7, 3]));
});

test("a client in the audience sends nothing", async () => {
  server.override.joinRoom = () => ({ peerId: "me", peers: [], revision: 1, iceServers: [], audience: 12 });
  const call = newCall({ audience: true });
  await call.join();
  expect(server.last("joinRoom")).toMatchObject({ audience: true });
  expect([call.audience, call.local.watches]).toEqual([12, true]);
  const refused = { code: "not_allowed" };
  await expect(call.local.setCamera(true)).rejects.toMatchObject(refused);
  await expect(call.local.setMicrophone(true)).rejects.toMatchObject(refused);
  await expect(call.local.setScreen(true)).rejects.toMatchObject(refused);
  await expect(call.local.publish({ kind: "audio" } as MediaStreamTrack, "microphone")).rejects.toMatchObject(refused);
  expect(call.local.publications.size).toBe(0);
});

test("the server tells who speaks", async () => {
  const ann = { peerId: "ann", userId: "u", displayName: "Ann", appData: {}, connectionState: "connected" as const, producers: [] };
  server.peers = [ann];
  const call = await joined();
  const [participant] = call.participants.values();
  const events: unknown[] = [];
  call.on("activeSpeaker", (speaker) => events.push(speaker));
  call.on("audioLevels", (levels) => events.push([...levels.keys()]));
  server.push("activeSpeaker", { peerId: "ann", volume: -20 });
  server.push("audioLevels", { levels: [{ peerId: call.local.peerId, volume: -6 }, { peerId: "ann", volume: -20 }] });
  await vi.waitFor(() => expect(events).toEqual([participant, [call.local, participant]]));
  expect(call.activeSpeaker).toBe(participant);
  expect(call.local.speaking).toBe(true);
  server.push("peerLeft", { peerId: "ann", userId: "u", reason: "left", revision: 2 });
  await vi.waitFor(() => expect(call.activeSpeaker).toBeUndefined());
});

test("a call joins in the region that the application names", async () => {
  await newCall({ region: "eu-west" }).join();
  expect(server.last("joinRoom")).toMatchObject({ region: "eu-west" });
  await newCall().join();
  expect(server.last("joinRoom")).not.toHaveProperty("region");
});
