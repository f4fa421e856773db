import { generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";
import type { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Call, type Publication } from "../src/index.ts";
import type { SessionResumed } from "../src/generated/messages.ts";
import { activeEncodings, consumedCamera, handlers, newDevice, sendHandlers, track } from "./fakeMedia.ts";
import { RoomServer } from "./roomServer.ts";

let server: RoomServer;
let call: Call;
let states: string[];
/** The frames that every consumer has decoded. */
let framesDecoded: number;
let producersMade: number;
/** The requests before the move. */
let beforehand: RoomServer["requests"];

const MOVED = { nodeId: "node-2", deadline: Date.now() + 30_000, makeBeforeBreak: true };
const ANN = { peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected" as const };
const camera = (producerId: string) => ({ producerId, kind: "video" as const, appData: {}, paused: false });

/** Ben sends microphone and camera, and receives Ann's camera. */
beforeEach(async () => {
  server = await new RoomServer().start();
  server.peers = [{ ...ANN, producers: [camera("v")] }];
  server.override.consume = ({ producerId }) => consumedCamera(producerId);
  server.override.produce = ({ kind, replaces }) => ({ id: replaces ?? kind });
  framesDecoded = 1;
  handlers.length = 0;
  activeEncodings.length = 0;
  producersMade = 0;
  const device = newDevice();
  device.observer.on("newtransport", (transport) => transport.observer.on("newproducer", () => (producersMade += 1)));
  call = new Call({ url: server.url, room: "room", name: "Ben", device });
  await call.join();
  await call.local.publish(track("audio"), "microphone");
  await call.local.publish(track("video"), "camera");
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  states = [];
  call.on("state", (state) => states.push(state));
  beforehand = server.requests.splice(0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await call.leave();
  await server.stop();
});

/** Lets the consumers of transports that are made from now on report their decoded frames. */
function decodeFrames(): void {
  const push = handlers.push.bind(handlers);
  vi.spyOn(handlers, "push").mockImplementation((...made) => {
    for (const handler of made) {
      vi.spyOn(handler, "getReceiverStats").mockImplementation(async () => new Map([["v", { type: "inbound-rtp", framesDecoded }]]) as never);
    }
    return push(...made);
  });
}

function annsCamera(): Publication {
  return call.participants.get("p")?.publications.get("camera") as Publication;
}

function events(): string[] {
  return server.requests.map(({ event }) => event);
}

function requests(event: string): Record<string, unknown>[] {
  return server.requests.filter((one) => one.event === event).map(({ request }) => request);
}

/** The last request of this kind before the move. */
function former(event: string): Record<string, unknown> {
  return beforehand.findLast((one) => one.event === event)?.request ?? {};
}

function formerTransport(event: string): string {
  return former(event)["transportId"] as string;
}

/** Delays the answers to `produce` of this kind until the returned function is called. */
function hold(kind: "audio" | "video"): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  server.override.produce = async (request) => {
    if (request.kind === kind) await released;
    return { id: request.replaces ?? request.source };
  };
  return release;
}

/** Every device that the application opens has this track. */
function stubDevices(opened: MediaStreamTrack): void {
  const mediaDevices = { getUserMedia: async () => ({ getTracks: () => [opened], getVideoTracks: () => [opened], getAudioTracks: () => [opened] }) };
  vi.stubGlobal("navigator", { mediaDevices });
}

async function moveDone(count = 1): Promise<void> {
  await vi.waitFor(() => expect(server.count("moveDone")).toBe(count));
}

test("a client says that it can move before its media ends", async () => {
  const other = new Call({ url: server.url, room: "room", name: "Cem", device: newDevice() });
  await other.join();
  expect(server.last("joinRoom")).toMatchObject({ features: ["lobby", "makeBeforeBreak"] });
  await other.leave();
});

test("everything is made on the new node, and then the move is done", async () => {
  decodeFrames();
  const sent = [...call.local.publications.values()].map((publication) => publication.track);
  const before = annsCamera().track;
  server.push("peerMoved", MOVED);
  await moveDone();
  const made = requests("createTransport").toSorted((one, other) => String(one["direction"]).localeCompare(String(other["direction"])));
  expect(made).toEqual([
    { direction: "recv", home: "next" },
    { direction: "send", home: "next" },
  ]);
  const [microphone, own] = requests("produce");
  expect(microphone).toMatchObject({ kind: "audio", source: "microphone", appData: { source: "microphone" }, paused: false });
  expect(microphone).toMatchObject({ replaces: "audio" });
  expect(own).toMatchObject({ kind: "video", source: "camera", replaces: "video" });
  expect(requests("consume")).toMatchObject([{ producerId: "v" }]);
  expect(server.count("resumeConsumer")).toBe(1);
  expect(events().at(-1)).toBe("moveDone");
  expect(events().filter((event) => event.startsWith("close"))).toEqual([]);
  expect(annsCamera().track).not.toBe(before);
  expect([...call.local.publications.values()].map((publication) => publication.track)).toEqual(sent);
  expect(sent.map((one) => one?.readyState)).toEqual(["live", "live"]);
  expect(states).toEqual([]);
});

test("a publication keeps its track until the new one delivers, and is what the former node says of it until then", async () => {
  framesDecoded = 0;
  decodeFrames();
  const before = annsCamera().track;
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(annsCamera().track).toBe(before);
  expect(before?.readyState).toBe("live");
  expect(server.count("moveDone")).toBe(0);
  framesDecoded = 1;
  await moveDone();
  expect(annsCamera().track).not.toBe(before);
  await vi.waitFor(() => expect(before?.readyState).toBe("ended"));
});

test("a track that delivers nothing is shown after three seconds", async () => {
  framesDecoded = 0;
  decodeFrames();
  const before = annsCamera().track;
  server.push("peerMoved", MOVED);
  await moveDone();
  expect(annsCamera().track).not.toBe(before);
});

test("the former home sends for three seconds more, over the same tracks", async () => {
  decodeFrames();
  let done = Infinity;
  server.override.moveDone = () => {
    done = performance.now();
    return {};
  };
  let closedAfter = 0;
  const former = sendHandlers()[0] as FakeHandler;
  vi.spyOn(former, "close").mockImplementation(() => (closedAfter = performance.now() - done));
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(closedAfter).toBeGreaterThan(2_900));
});

test("who leaves after a move sends over the former home no longer", async () => {
  decodeFrames();
  const close = vi.spyOn(sendHandlers()[0] as FakeHandler, "close");
  server.push("peerMoved", MOVED);
  await moveDone();
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  expect(close).not.toHaveBeenCalled();
  await call.leave();
  expect(close).toHaveBeenCalledOnce();
});

test("what changes during a move changes on the new node", async () => {
  decodeFrames();
  const release = hold("audio");
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("produce")).toBe(1));
  // The microphone is being replaced.
  const changes = [call.local.setMicrophone(false), call.local.unpublish("camera"), call.local.publish(track("video"), "screen")];
  server.push("newProducer", { ...camera("s"), source: "screen", peerId: "p", userId: "ann", revision: 2 });
  release();
  await Promise.all(changes);
  await moveDone();
  const produced = requests("produce").map(({ source, replaces }) => [source, replaces]);
  expect(produced).toContainEqual(["microphone", "audio"]);
  expect(produced).toContainEqual(["screen", undefined]);
  expect(requests("pauseProducer")).toEqual([{ producerId: "audio" }]);
  expect(server.count("closeProducer")).toBe(1);
  expect(requests("consume").map(({ producerId }) => producerId)).toEqual(["v", "s"]);
  expect(requests("createTransport").map(({ home }) => home)).toEqual(["next", "next"]);
  expect(call.participants.get("p")?.publications.get("screen")?.track?.readyState).toBe("live");
  expect(states).toEqual([]);
});

test("a track that was paused is replaced by a paused one, and a device that was switched sends over both", async () => {
  decodeFrames();
  await call.local.setMicrophone(false);
  framesDecoded = 0;
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  expect(requests("produce")).toMatchObject([{ source: "microphone", paused: true }, { source: "camera", paused: false }]);
  const replaced = sendHandlers().map((handler) => vi.spyOn(handler, "replaceTrack"));
  const other = track("video");
  stubDevices(other);
  await call.local.switchDevice("camera", "other");
  vi.unstubAllGlobals();
  expect(replaced.map(({ mock }) => mock.calls.map(([, sent]) => sent))).toEqual([[other], [other]]);
  framesDecoded = 1;
  await moveDone();
});

test("what is unsubscribed or stopped during a move is closed on both nodes", async () => {
  framesDecoded = 0;
  decodeFrames();
  const own = call.local.publications.get("camera")?.track;
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  await annsCamera().setSubscribed(false);
  expect(annsCamera().track).toBeUndefined();
  expect(server.count("closeConsumer")).toBe(2);
  await moveDone();
  server.push("producerClosed", { producerId: "video", peerId: "", reason: "stopped_by_moderator", revision: 3 });
  await vi.waitFor(() => expect(own?.readyState).toBe("ended"));
  expect(server.count("produce")).toBe(2);
});

test("each camera is sent in the encodings that somebody receives from its node", async () => {
  framesDecoded = 0;
  decodeFrames();
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(activeEncodings).toHaveLength(2));
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, true, true], [true, false, false]]));
  framesDecoded = 1;
  await moveDone();
});

test("encodings that are reported while the camera is being replaced may concern either one, and change neither", async () => {
  decodeFrames();
  server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, false, false]]));
  const release = hold("video");
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(requests("produce")).toHaveLength(2));
  server.push("producerLayersWanted", { producerId: "video", encodings: [false, false, false] });
  server.push("announcement", { data: {} });
  await new Promise<void>((resolve) => call.on("announcement", () => resolve()));
  release();
  await moveDone();
  expect(activeEncodings).toEqual([[true, false, false], [true, true, true]]);
});

test("a step that fails is repeated before the move is done", async () => {
  decodeFrames();
  let refusals = 1;
  server.override.produce = ({ replaces }) => {
    if (refusals-- > 0) throw { code: "unavailable", message: "no answer of the node", retryable: true };
    return { id: replaces ?? "new" };
  };
  server.push("peerMoved", MOVED);
  await moveDone();
  const replaced = requests("produce").map(({ replaces }) => replaces);
  expect(replaced).toHaveLength(3);
  expect(replaced[1]).toBe(replaced[0]);
  expect(server.count("createTransport")).toBe(2);
  expect(states).toEqual([]);
});

test("a move that the server has ended goes on as if the media node had been lost", async () => {
  decodeFrames();
  const causes: string[] = [];
  call.on("reconnecting", (cause) => causes.push(cause));
  server.override.createTransport = ({ home }) => {
    if (home) throw { code: "invalid_state", message: "no move is under way", retryable: false };
    return { ...generateTransportRemoteParameters(), iceServers: [] } as never;
  };
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(requests("produce")).toHaveLength(2));
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  expect(causes).toEqual(["moved"]);
  expect(requests("produce").map(({ replaces }) => replaces)).toEqual([undefined, undefined]);
  expect(annsCamera().track?.readyState).toBe("live");
});

test("a producer that cannot be replaced is closed, and its track sent anew", async () => {
  decodeFrames();
  server.override.produce = ({ replaces }) => {
    if (replaces) throw { code: "not_found", message: "no such producer", retryable: false };
    return { id: "new" };
  };
  server.push("peerMoved", MOVED);
  await moveDone();
  expect(requests("produce").map(({ source, replaces }) => [source, replaces])).toEqual([
    ["microphone", "audio"],
    ["microphone", undefined],
    ["camera", "video"],
    ["camera", undefined],
  ]);
  expect(server.count("closeProducer")).toBe(2);
});

test("what the server closes on the former node matters only if the new one lacks it", async () => {
  framesDecoded = 0;
  decodeFrames();
  const transports = { send: formerTransport("produce"), recv: formerTransport("consume") };
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  await vi.waitFor(() => expect(producersMade).toBe(4));
  server.push("transportClosed", { transportId: transports.send, reason: "node_draining" });
  server.push("announcement", { data: {} });
  await new Promise<void>((resolve) => call.on("announcement", () => resolve()));
  expect(states).toEqual([]);
  server.push("transportClosed", { transportId: transports.recv, reason: "node_draining" });
  await moveDone();
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  expect(server.count("createTransport")).toBe(2);
  expect(annsCamera().track?.readyState).toBe("live");
});

test("a session that is resumed during a move goes on moving with what it has", async () => {
  framesDecoded = 0;
  decodeFrames();
  const [send, recv] = [formerTransport("produce"), formerTransport("consume")];
  const consumers = [{ consumerId: former("resumeConsumer")["consumerId"] as string, producerId: "v", paused: false }];
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  server.override.resume = ({ resumeToken }): SessionResumed => ({
    peerId: call.local.peerId,
    peers: server.peers,
    revision: 5,
    iceServers: [],
    resumeToken,
    transports: [
      { transportId: send, direction: "send" },
      { transportId: recv, direction: "recv" },
      { transportId: server.last("produce")?.["transportId"] as string, direction: "send" },
      { transportId: server.last("consume")?.["transportId"] as string, direction: "recv" },
      { transportId: "unknown", direction: "recv" },
    ],
    producers: requests("produce").map(({ kind, replaces }) => ({ producerId: replaces as string, kind: kind as "audio", paused: false, appData: {} })),
    consumers: [...consumers, { consumerId: server.last("resumeConsumer")?.["consumerId"] as string, producerId: "v", paused: false }],
  });
  server.disconnectAll();
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  server.push("peerMoved", MOVED);
  framesDecoded = 1;
  await moveDone();
  expect(requests("closeTransport")).toEqual([{ transportId: "unknown" }]);
  expect([server.count("createTransport"), server.count("produce"), server.count("consume")]).toEqual([2, 2, 1]);
  // The server may not know that it is done.
  server.push("peerMoved", MOVED);
  await moveDone(2);
  expect([server.count("createTransport"), states]).toEqual([2, ["reconnecting", "connected"]]);
});

test("a client that is moved a second time without a warning drops both nodes", async () => {
  framesDecoded = 0;
  decodeFrames();
  server.push("peerMoved", MOVED);
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  server.push("peerMoved", { nodeId: "node-3", deadline: 0, makeBeforeBreak: false });
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  expect(server.count("closeTransport")).toBe(4);
  expect(new Set(requests("createTransport").slice(2))).toEqual(new Set([{ direction: "send" }, { direction: "recv" }]));
  expect(requests("produce").slice(2).map(({ replaces }) => replaces)).toEqual([undefined, undefined]);
  expect(server.count("moveDone")).toBe(0);
});

test("a client moves again and again", async () => {
  decodeFrames();
  for (const [index, nodeId] of ["node-2", "node-3", "node-2"].entries()) {
    server.push("peerMoved", { ...MOVED, nodeId });
    await moveDone(index + 1);
  }
  expect(server.count("produce")).toBe(6);
  expect(new Set(requests("produce").map(({ replaces }) => replaces)).size).toBe(2);
  expect(states).toEqual([]);
});

test("a client without media is done at once", async () => {
  await Promise.all([call.local.unpublish("microphone"), call.local.unpublish("camera"), annsCamera().setSubscribed(false)]);
  server.push("peerMoved", MOVED);
  await moveDone();
  expect(server.count("createTransport")).toBe(0);
});
