import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { Device } from "mediasoup-client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { Call, Calls, GroupCall, type CallInfo, type CallsOptions, type LiveCallEnd } from "../src/index.ts";
import { callInfo, CallsServer, incoming } from "./callsServer.ts";

let server: CallsServer;
const opened: Calls[] = [];

beforeEach(async () => {
  server = await new CallsServer().start();
});

afterEach(async () => {
  vi.useRealTimers();
  opened.splice(0).forEach((calls) => calls.close());
  await server.stop();
});

/** The calls of Ben, on a device that the server can ring. */
async function connected(options: Partial<CallsOptions> = {}): Promise<{ calls: Calls; over: [string, LiveCallEnd][] }> {
  const calls = new Calls({ url: server.url, userId: "ben", name: "Ben", ...options });
  opened.push(calls);
  const over: [string, LiveCallEnd][] = [];
  calls.on("callOver", ({ info }, reason) => over.push([info.callId, reason]));
  calls.open();
  await vi.waitFor(() => expect(calls.state).toBe("connected"));
  return { calls, over };
}

async function rung(info: Partial<CallInfo> = {}): Promise<{ calls: Calls; over: [string, LiveCallEnd][] }> {
  const device = await connected();
  server.pushCall("incomingCall", incoming(info));
  await vi.waitFor(() => expect(state(device.calls)).toBe("ringing"));
  return device;
}

const state = (calls: Calls, callId = "c1") => calls.live.get(callId)?.state;
const refuse = (code: string, retryable = false) => () => {
  throw { code, message: code, retryable };
};

describe("the connection", () => {
  test("names the user and the device, and keeps both across reconnects", async () => {
    const { calls } = await connected({ deviceId: "tab-1" });
    server.disconnectDevices();
    await vi.waitFor(() => expect(server.devices).toHaveLength(2));
    expect(server.devices).toEqual([{ userId: "ben", deviceId: "tab-1" }, { userId: "ben", deviceId: "tab-1" }]);
    await vi.waitFor(() => expect(calls.state).toBe("connected"));
  });

  test("is refused for good, with the server's code, and can be opened again", async () => {
    server.refusal = { code: "not_allowed", message: "no user", retryable: false };
    const calls = new Calls({ url: server.url, userId: "ben" });
    opened.push(calls);
    calls.open();
    await vi.waitFor(() => expect(calls.state).toBe("refused"));
    expect(calls.refusal).toMatchObject({ code: "not_allowed" });
    server.refusal = undefined;
    calls.open();
    await vi.waitFor(() => expect(calls.state).toBe("connected"));
    expect(calls.refusal).toBeUndefined();
  });

  test("is tried again after a refusal that is retryable", async () => {
    server.refusal = { code: "unavailable", message: "starting", retryable: true };
    const calls = new Calls({ url: server.url, userId: "ben" });
    opened.push(calls);
    const states: string[] = [];
    calls.on("state", (now) => states.push(now));
    calls.open();
    await vi.waitFor(() => expect(server.refusals).toBe(1));
    server.refusal = undefined;
    await vi.waitFor(() => expect(calls.state).toBe("connected"));
    expect(states).toEqual(["connecting", "connected"]);
  });

  test("is shared with rooms, one after another, and outlives them", async () => {
    const { calls } = await connected();
    const device = () => new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });
    const first = new Call({ ...calls.roomOptions("c1"), device: device() });
    await first.join();
    expect(server.connections).toBe(1);
    expect(server.last("joinRoom")).toMatchObject({ callId: "c1", userId: "ben", displayName: "Ben" });
    const second = new Call({ ...calls.roomOptions("c2"), device: device() });
    const joining = second.join();
    await first.leave();
    await joining;
    expect(server.last("joinRoom")).toMatchObject({ callId: "c2" });
    await second.leave();
    await vi.waitFor(() => expect(server.clients).toBe(0));
    expect([server.connections, server.rings, calls.state]).toEqual([1, true, "connected"]);
    calls.close();
    await vi.waitFor(() => expect(server.connections).toBe(0));
  });
});

describe("a ring", () => {
  test("is accepted by this device", async () => {
    const { calls, over } = await rung();
    const accepting = calls.accept("c1");
    expect(state(calls)).toBe("answering");
    expect((await accepting).userId).toBe("ben");
    expect([state(calls), calls.live.get("c1")?.info.state]).toEqual(["active", "active"]);
    server.pushCall("callEnded", { callId: "c1", reason: "left" });
    await vi.waitFor(() => expect(over).toEqual([["c1", "left"]]));
    expect(calls.live.size).toBe(0);
  });

  test.each([
    ["decline", "declined"],
    ["ignore", "ignored"],
  ] as const)("ends with %s", async (action, reason) => {
    const { calls, over } = await rung();
    await calls[action]("c1");
    expect(server.callRequests).toEqual([{ event: action, request: { callId: "c1" } }]);
    expect(over).toEqual([["c1", reason]]);
  });

  test.each([
    ["callAccepted", { callId: "c1", userId: "ben", elsewhere: true }, "elsewhere"],
    ["callDeclined", { callId: "c1", userId: "ben", reason: "declined", elsewhere: true }, "elsewhere"],
    ["callCancelled", { callId: "c1" }, "cancelled"],
    ["callMissed", { callId: "c1", userId: "ben", callerId: "ann", reason: "timeout" }, "missed"],
  ] as const)("ends with the server's %s", async (event, push, reason) => {
    const { over } = await rung();
    server.pushCall(event, push);
    await vi.waitFor(() => expect(over).toEqual([["c1", reason]]));
  });

  test("goes on when another callee misses it, declines or accepts", async () => {
    const { calls } = await rung();
    server.pushCall("callMissed", { callId: "c1", userId: "cem", callerId: "ann", reason: "timeout" });
    server.pushCall("callDeclined", { callId: "c1", userId: "dan", reason: "declined" });
    server.pushCall("callAccepted", { callId: "c1", userId: "eva" });
    await vi.waitFor(() => expect(calls.live.get("c1")?.info.state).toBe("active"));
    expect(state(calls)).toBe("ringing");
  });

  test("that another device answered first is over, and accepting it a conflict", async () => {
    const { calls, over } = await rung();
    server.callOverride.accept = refuse("conflict");
    await expect(calls.accept("c1")).rejects.toMatchObject({ code: "conflict" });
    expect(over).toEqual([["c1", "elsewhere"]]);
  });

  test("goes on after an error that is retryable", async () => {
    const { calls } = await rung();
    server.callOverride.accept = refuse("unavailable", true);
    await expect(calls.accept("c1")).rejects.toMatchObject({ code: "unavailable" });
    expect(state(calls)).toBe("ringing");
  });

  test("cannot be accepted when it is over", async () => {
    const { calls } = await rung();
    await calls.ignore("c1");
    await expect(calls.accept("c1")).rejects.toMatchObject({ code: "invalid_state" });
    expect(server.callRequests.map(({ event }) => event)).toEqual(["ignore"]);
  });

  test("is unknown after a lost connection, and replayed if it is live", async () => {
    const { calls, over } = await rung();
    server.pushCall("incomingCall", incoming({ callId: "c2" }));
    await vi.waitFor(() => expect(calls.live.size).toBe(2));
    server.onDevice = (device) => device.emit("incomingCall", incoming({ callId: "c2" }));
    server.disconnectDevices();
    await vi.waitFor(() => expect([...calls.live.keys()]).toEqual(["c2"]));
    expect(over).toEqual([]);
  });

  test("ends after the time that the server has said, without another word", async () => {
    const { over } = await connected();
    server.pushCall("incomingCall", { call: callInfo(), ringFor: 50 });
    await vi.waitFor(() => expect(over).toEqual([["c1", "missed"]]));
  });

  test("that is replayed to a device that has accepted does not ring", async () => {
    const { calls } = await rung();
    await calls.accept("c1");
    const heard = new Promise((resolve) => calls.on("incomingCall", resolve));
    server.pushCall("incomingCall", incoming());
    await heard;
    expect(state(calls)).toBe("active");
  });
});

describe("a call that this user starts", () => {
  async function calling(info: Partial<CallInfo> = {}): Promise<{ calls: Calls; over: [string, LiveCallEnd][] }> {
    const device = await connected();
    server.routes["POST /calls"] = () => callInfo({ callerId: "ben", ...info });
    await device.calls.start({ participants: ["ann"], video: false });
    return device;
  }

  test("names the user and the caller, in UTF-8", async () => {
    server.routes["POST /calls"] = () => callInfo();
    const { calls } = await connected({ userId: "Bén", name: "Bén" });
    await calls.start({ participants: ["ann"] });
    expect(server.routeRequests).toEqual([{ method: "POST", path: "/calls", userId: "Bén", body: { displayName: "Bén", participants: ["ann"] } }]);
  });

  test("is active when somebody answers", async () => {
    const { calls } = await calling();
    expect(state(calls)).toBe("calling");
    server.pushCall("callAccepted", { callId: "c1", userId: "ann" });
    await vi.waitFor(() => expect(state(calls)).toBe("active"));
  });

  test("is over when nobody does", async () => {
    const { over } = await calling();
    server.pushCall("callMissed", { callId: "c1", userId: "ann", callerId: "ben", reason: "timeout" });
    server.pushCall("callEnded", { callId: "c1", reason: "missed" });
    await vi.waitFor(() => expect(over).toEqual([["c1", "missed"]]));
  });

  test("is the other's call if both call at once", async () => {
    const { calls } = await rung();
    server.routes["POST /calls"] = () => callInfo({ state: "active" });
    await calls.start({ participants: ["ann"] });
    server.pushCall("callAccepted", { callId: "c1", userId: "ben", elsewhere: true });
    server.pushCall("participantJoined", { callId: "c1", userId: "ann" });
    await vi.waitFor(() => expect(calls.live.get("c1")?.info.participants[0]?.state).toBe("joined"));
    expect(state(calls)).toBe("active");
  });

  test("is not followed if all are busy", async () => {
    const { calls } = await calling({ state: "ended", endReason: "busy" });
    expect(calls.live.size).toBe(0);
  });

  test("is asked for once more if it changed before the answer arrived", async () => {
    const { calls } = await connected();
    server.routes["GET /calls/c1"] = () => callInfo({ state: "active", callerId: "ben" });
    server.routes["POST /calls"] = async () => {
      const heard = new Promise((resolve) => calls.on("callAccepted", resolve));
      server.pushCall("callAccepted", { callId: "c1", userId: "ann" });
      await heard;
      return callInfo({ callerId: "ben" });
    };
    await calls.start({ participants: ["ann"] });
    expect(state(calls)).toBe("active");
  });

  test("is cancelled, or left if somebody has answered", async () => {
    const { calls, over } = await calling();
    await calls.hangUp("c1");
    expect(server.callRequests.at(-1)?.event).toBe("cancel");
    server.callOverride.cancel = refuse("invalid_state");
    server.routes["POST /calls/c1/leave"] = () => callInfo({ state: "ended" });
    await calls.start({ participants: ["ann"] });
    await calls.hangUp("c1");
    expect(over).toEqual([["c1", "cancelled"], ["c1", "left"]]);
  });

  test("is asked for after a lost connection", async () => {
    const { over } = await calling();
    server.routes["GET /calls/c1"] = () => callInfo({ state: "ended", endReason: "declined" });
    server.disconnectDevices();
    await vi.waitFor(() => expect(over).toEqual([["c1", "declined"]]));
  });
});

test("a group's call is over for a user who has left its room, and can be entered again", async () => {
  const { calls, over } = await connected();
  server.routes["POST /calls/c1/join"] = () => ({ callId: "c1", userId: "ben", rtpCapabilities: {}, call: callInfo({ groupId: "g", state: "active" }) });
  await calls.join("c1");
  server.pushCall("participantLeft", { callId: "c1", userId: "ann" });
  server.pushCall("participantLeft", { callId: "c1", userId: "ben" });
  await vi.waitFor(() => expect(over).toEqual([["c1", "left"]]));
  await calls.join("c1");
  expect(state(calls)).toBe("active");
});

describe("the routes", () => {
  test("list calls and presence", async () => {
    const { calls } = await connected();
    server.routes["GET /calls"] = () => ({ calls: [callInfo({ state: "ended" })], next: 7 });
    server.routes["GET /presence"] = () => ({ users: [{ userId: "ann", status: "away", devices: 1 }] });
    expect((await calls.history({ missed: true, before: 9 })).next).toBe(7);
    expect(await calls.presence(["ann", "a&b"])).toEqual([{ userId: "ann", status: "away", devices: 1 }]);
    expect(server.routeRequests.map(({ path }) => path)).toEqual(["/calls?missed=true&before=9", "/presence?userId=ann&userId=a%26b"]);
  });

  test("refuse with the server's code, and are unreachable without a server", async () => {
    const { calls } = await connected();
    server.routes["POST /calls/c1/end"] = refuse("not_allowed");
    await expect(calls.end("c1")).rejects.toMatchObject({ code: "not_allowed", retryable: false });
    const nowhere = new Calls({ url: "http://127.0.0.1:1", userId: "ben" });
    await expect(nowhere.history()).rejects.toMatchObject({ code: "unreachable", retryable: true });
  });
});

test("a message goes to users and comes from others", async () => {
  const { calls } = await connected();
  server.callOverride.sendMessage = () => ({ devices: 2 });
  expect(await calls.sendMessage({ userIds: ["ann"], groupId: "g", data: { text: "hello" } })).toBe(2);
  expect(server.callRequests).toEqual([{ event: "sendMessage", request: { userIds: ["ann"], groupId: "g", data: { text: "hello" } } }]);
  const heard = new Promise((resolve) => calls.on("message", resolve));
  server.pushCall("message", { userId: "ann", userIds: ["ben"], data: { text: "hi" } });
  expect(await heard).toEqual({ userId: "ann", userIds: ["ben"], data: { text: "hi" } });
  expect(calls.live.size).toBe(0);
});

test("the presence of a device is set again after a lost connection", async () => {
  const { calls } = await connected();
  expect(await calls.setPresence("doNotDisturb")).toEqual({ userId: "ben", status: "doNotDisturb", devices: 1 });
  server.disconnectDevices();
  await vi.waitFor(() => expect(server.callRequests).toHaveLength(2));
  expect(server.callRequests[1]).toEqual({ event: "setPresence", request: { status: "doNotDisturb" } });
});

test("the call of a group is known to users who are not rung, and followed", async () => {
  const { calls } = await connected();
  let live: CallInfo[] = [];
  server.routes["GET /calls"] = () => ({ calls: live });
  const group = new GroupCall(calls, "team");
  group.watch();
  await vi.waitFor(() => expect(server.routeRequests.at(-1)?.path).toBe("/calls?groupId=team&state=active&limit=1"));
  live = [callInfo({ groupId: "team", state: "active", participants: [{ userId: "ann", state: "joined" }, { userId: "cem", state: "left" }] })];
  server.pushCall("participantJoined", { callId: "c1", userId: "ann" });
  await vi.waitFor(() => expect(group.members).toEqual(["ann"]));
  live = [];
  server.pushCall("callEnded", { callId: "c1", reason: "ended" });
  await vi.waitFor(() => expect(group.call).toBeUndefined());
  group.unwatch();
});
