import * as fakeParameters from "mediasoup-client/fakeParameters";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Call, CallError, type CallOptions, type ConsumerLayers, type Publication, type TransportStats } from "../src/index.ts";
import type { Consumed, ResumedConsumer } from "../src/generated/messages.ts";
import { activeEncodings, consumedCamera, handlers, newDevice, track } from "./fakeMedia.ts";
import { RoomServer } from "./roomServer.ts";

let server: RoomServer;
const calls: Call[] = [];

beforeEach(async () => {
  server = await new RoomServer().start();
});

afterEach(async () => {
  await Promise.all(calls.splice(0).map((call) => call.leave()));
  await server.stop();
});

function newCall(options: Partial<CallOptions> = {}): Call {
  const call = new Call({ url: server.url, room: "room", name: "Ben", device: newDevice(), ...options });
  calls.push(call);
  return call;
}

async function joined(options?: Partial<CallOptions>): Promise<Call> {
  const call = newCall(options);
  await call.join();
  return call;
}

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
  server = await new RoomServer("/call").start();
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

test("a retryable error is retried", async () => {
  let refusals = 2;
  server.override.createTransport = () => {
    if (refusals-- > 0) throw { code: "unavailable", message: "no node", retryable: true };
    return { ...fakeParameters.generateTransportRemoteParameters(), iceServers: [] };
  };
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  await vi.waitFor(() => expect(server.count("produce")).toBe(1));
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

test("a remote track is consumed after subscribing, closed after unsubscribing, and removed with its producer", async () => {
  server.peers = [{ peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected", producers: [] }];
  const call = await joined({ subscribe: "manual" });
  const rtpParameters = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "audio/opus" });
  server.override.consume = ({ producerId }) => ({ ...rtpParameters, producerId, type: "simple", producerPaused: false, appData: {} });
  server.push("newProducer", { producerId: "a", peerId: "p", userId: "ann", kind: "audio", appData: {}, paused: false, revision: 2 });
  const [ann] = call.participants.values();
  await vi.waitFor(() => expect(ann?.publications.size).toBe(1));
  expect(server.count("consume")).toBe(0);
  const microphone = ann?.publications.get("microphone");
  await microphone?.setSubscribed(true);
  expect(microphone?.track?.kind).toBe("audio");
  expect(server.count("resumeConsumer")).toBe(1);
  await microphone?.setSubscribed(false);
  expect(server.count("closeConsumer")).toBe(1);
  server.push("producerClosed", { producerId: "a", peerId: "p", reason: "closed", revision: 3 });
  await vi.waitFor(() => expect(ann?.publications.size).toBe(0));
});

/** A call that receives Ann's camera, with her publication and the id of its consumer. */
async function receivingCamera(
  options?: Partial<CallOptions>,
  consume = consumedCamera,
): Promise<{ call: Call; camera: Publication; consumerId: string }> {
  const producers = [{ producerId: "v", kind: "video" as const, appData: {}, paused: false }];
  server.peers = [{ peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected", producers }];
  server.override.consume = ({ producerId }) => consume(producerId);
  const call = await joined(options);
  const camera = call.participants.get("p")?.publications.get("camera") as Publication;
  if (options?.subscribe === "manual") return { call, camera, consumerId: "" };
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  return { call, camera, consumerId: server.last("resumeConsumer")?.["consumerId"] as string };
}

/** Answers `resume` with the receive transport and one consumer. */
function resumedWith(call: Call, consumer: ResumedConsumer): NonNullable<RoomServer["override"]["resume"]> {
  return ({ resumeToken }) => ({
    peerId: call.local.peerId,
    peers: server.peers,
    revision: 5,
    iceServers: [],
    resumeToken,
    transports: [{ transportId: server.last("consume")?.["transportId"] as string, direction: "recv" }],
    producers: [],
    consumers: [consumer],
  });
}

test("a camera is sent in the encodings that somebody receives, also after a change during a lost socket", async () => {
  server.override.produce = ({ kind }) => ({ id: kind });
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  activeEncodings.length = 0;
  await call.local.publish(track("video"), "camera");
  expect(activeEncodings).toEqual([[true, true, true]]);
  server.push("producerLayersWanted", { producerId: "another", encodings: [false, false, false] });
  server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, false, false]]));
  const producers = ["audio", "video"].map((kind) => ({ producerId: kind, kind: kind as "audio" | "video", appData: {}, paused: false }));
  server.override.resume = ({ resumeToken }) => ({
    peerId: call.local.peerId,
    peers: [],
    revision: 5,
    iceServers: [],
    resumeToken,
    transports: [{ transportId: server.last("produce")?.["transportId"] as string, direction: "send" }],
    producers: producers.map((one) => ({ ...one, encodingsWanted: one.kind === "video" ? [true, false, true] : undefined })),
    consumers: [],
  });
  server.disconnectAll();
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, false, true]]));
});

test("the server's statistics are those of a transport, of a track that is sent, and of one that is received", async () => {
  const { call, camera, consumerId } = await receivingCamera();
  expect(await call.serverStats("send")).toEqual([]);
  const microphone = await call.local.publish(track("audio"), "microphone");
  const transport = { type: "webrtc-transport", availableOutgoingBitrate: 700_000 } as TransportStats;
  server.override.getStats = () => ({ stats: [transport] });
  expect(await call.serverStats("recv")).toEqual([transport]);
  expect(server.last("getStats")).toEqual({ transportId: server.last("consume")?.["transportId"] });
  await call.serverStats("send");
  expect(server.last("getStats")).toEqual({ transportId: server.last("produce")?.["transportId"] });
  await call.serverStats(microphone);
  expect(server.last("getStats")).toEqual({ producerId: expect.stringMatching("^producer-") });
  await call.serverStats(camera);
  expect(server.last("getStats")).toEqual({ consumerId });
  await camera.setSubscribed(false);
  expect(await call.serverStats(camera)).toEqual([]);
});

test("a publication has the score of the worst link on its way", async () => {
  const { call, camera, consumerId } = await receivingCamera();
  server.override.produce = ({ kind }) => ({ id: kind });
  const own = await call.local.publish(track("video"), "camera");
  expect([own.score, camera.score]).toEqual([10, 10]);
  const streams = [9, 4].map((score, encodingIdx) => ({ encodingIdx, ssrc: encodingIdx + 1, score }));
  server.push("producerScore", { producerId: "video", score: streams });
  server.push("producerScore", { producerId: "another", score: [{ encodingIdx: 0, ssrc: 1, score: 0 }] });
  server.push("consumerScore", { consumerId, score: { score: 8, producerScore: 3, producerScores: [3] } });
  await vi.waitFor(() => expect([own.score, camera.score]).toEqual([4, 3]));
  server.push("consumerScore", { consumerId, score: { score: 7, producerScore: 10, producerScores: [10] } });
  await vi.waitFor(() => expect(camera.score).toBe(7));
  const score = { score: 5, producerScore: 10, producerScores: [10] };
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: false, score });
  server.disconnectAll();
  await vi.waitFor(() => expect([own.score, camera.score]).toEqual([10, 5]));
  await camera.setSubscribed(false);
  expect(camera.score).toBe(10);
});

test("preferred layers are sent once for each change", async () => {
  const { camera, consumerId } = await receivingCamera();
  expect(server.last("consume")).not.toHaveProperty("preferredLayers");
  await camera.setPreferredLayers({ spatialLayer: 1 });
  expect(server.last("setPreferredLayers")).toEqual({ consumerId, spatialLayer: 1 });
  await camera.setPreferredLayers({ spatialLayer: 1 });
  await camera.setPreferredLayers({ spatialLayer: 1, temporalLayer: 0 });
  expect(server.last("setPreferredLayers")).toEqual({ consumerId, spatialLayer: 1, temporalLayer: 0 });
  expect(server.count("setPreferredLayers")).toBe(2);
});

test("a consumer is created with the preferred layers, also after its transport was lost", async () => {
  const { camera } = await receivingCamera({ subscribe: "manual" });
  await camera.setPreferredLayers({ spatialLayer: 0 });
  await camera.setSubscribed(true);
  expect(server.last("consume")).toMatchObject({ preferredLayers: { spatialLayer: 0 } });
  server.push("transportClosed", { transportId: server.last("consume")?.["transportId"] as string, reason: "ice_timeout" });
  await vi.waitFor(() => expect(server.count("consume")).toBe(2));
  expect(server.last("consume")).toMatchObject({ preferredLayers: { spatialLayer: 0 } });
  expect(server.count("setPreferredLayers")).toBe(0);
});

test("a server that does not know preferred layers is asked once, and receiving goes on", async () => {
  server.override.setPreferredLayers = () => {
    throw { code: "unknown_event", message: "there is no event 'setPreferredLayers'", retryable: false };
  };
  const { call, camera } = await receivingCamera();
  const errors: CallError[] = [];
  call.on("error", (error) => errors.push(error));
  await camera.setPreferredLayers({ spatialLayer: 0 });
  await camera.setSubscribed(false);
  expect([server.count("setPreferredLayers"), server.count("closeConsumer"), errors.length]).toEqual([1, 1, 0]);
});

test("preferred layers that an old node refuses are retried, and consumers are resumed meanwhile", async () => {
  let refuses = true;
  server.override.setPreferredLayers = () => {
    if (refuses) throw { code: "unavailable", message: "no responders", retryable: true };
    return {};
  };
  const { call, camera, consumerId } = await receivingCamera();
  await camera.setPreferredLayers({ spatialLayer: 0 });
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: true });
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(2));
  refuses = false;
  const asked = server.count("setPreferredLayers");
  await vi.waitFor(() => expect(server.count("setPreferredLayers")).toBe(asked + 1));
});

test("a publication exposes the layers that are received, until the consumer is gone", async () => {
  const { camera, consumerId } = await receivingCamera();
  const changes: (ConsumerLayers | undefined)[] = [];
  camera.on("layersChanged", (layers) => changes.push(layers));
  const [high, low] = [{ spatialLayer: 2, temporalLayer: 2 }, { spatialLayer: 0, temporalLayer: 2 }];
  for (const layers of [high, high, low]) server.push("consumerLayersChanged", { consumerId, layers });
  server.push("consumerLayersChanged", { consumerId: "another", layers: high });
  await vi.waitFor(() => expect(camera.currentLayers).toEqual(low));
  server.push("consumerLayersChanged", { consumerId });
  await vi.waitFor(() => expect(camera.currentLayers).toBeUndefined());
  server.push("consumerLayersChanged", { consumerId, layers: low });
  await vi.waitFor(() => expect(camera.currentLayers).toEqual(low));
  await camera.setSubscribed(false);
  expect(changes).toEqual([high, low, undefined, low, undefined]);
});

test("a publication tells that the server paused it for lack of bandwidth, until that ends or the consumer is gone", async () => {
  const { call, camera, consumerId } = await receivingCamera();
  server.push("consumerPaused", { consumerId, reason: "link" });
  server.push("consumerPaused", { consumerId: "another", reason: "bandwidth" });
  server.push("consumerPaused", { consumerId, reason: "bandwidth" });
  await vi.waitFor(() => expect(camera.pausedByBandwidth).toBe(true));
  server.push("consumerResumed", { consumerId, reason: "bandwidth" });
  await vi.waitFor(() => expect(camera.pausedByBandwidth).toBe(false));
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: false, pausedByBandwidth: true });
  server.disconnectAll();
  await vi.waitFor(() => expect(camera.pausedByBandwidth).toBe(true));
  await camera.setSubscribed(false);
  expect(camera.pausedByBandwidth).toBe(false);
});

test("a publication tells that its sender cannot be reached, until that ends or the consumer is gone", async () => {
  const { call, camera, consumerId } = await receivingCamera();
  server.push("consumerPaused", { consumerId: "another", reason: "link" });
  server.push("consumerPaused", { consumerId, reason: "bandwidth" });
  await vi.waitFor(() => expect(camera.pausedByBandwidth).toBe(true));
  expect(camera.unreachable).toBe(false);
  server.push("consumerPaused", { consumerId, reason: "link" });
  await vi.waitFor(() => expect(camera.unreachable).toBe(true));
  server.push("consumerResumed", { consumerId, reason: "bandwidth" });
  await vi.waitFor(() => expect(camera.pausedByBandwidth).toBe(false));
  expect(camera.unreachable).toBe(true);
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: false });
  server.disconnectAll();
  await vi.waitFor(() => expect(camera.unreachable).toBe(false));
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: false, pausedByLink: true });
  server.disconnectAll();
  await vi.waitFor(() => expect(camera.unreachable).toBe(true));
  await camera.setSubscribed(false);
  expect(camera.unreachable).toBe(false);
});

/** A consumer of which the server reports something with the answer: the browser still prepares it. */
function reportedEarly(report: (consumerId: string) => void): (producerId: string) => Consumed {
  const consumer = { ...fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "video/VP8" }), id: "early" };
  return (producerId) => {
    queueMicrotask(() => report(consumer.id));
    return { ...consumer, producerId, type: "simple", producerPaused: false, appData: {} };
  };
}

test("what the server reports of a consumer that the browser still prepares holds as soon as the browser has it", async () => {
  const layers = { spatialLayer: 1, temporalLayer: 0 };
  const { camera } = await receivingCamera(
    {},
    reportedEarly((consumerId) => {
      server.push("consumerPaused", { consumerId, reason: "link" });
      server.push("consumerPaused", { consumerId, reason: "bandwidth" });
      server.push("consumerResumed", { consumerId, reason: "bandwidth" });
      server.push("consumerLayersChanged", { consumerId, layers });
    }),
  );
  expect([camera.unreachable, camera.pausedByBandwidth, camera.currentLayers]).toEqual([true, false, layers]);
});

test("a consumer that the server closes while the browser still prepares it is made again", async () => {
  const closed = reportedEarly((consumerId) => server.push("consumerClosed", { consumerId, producerId: "v", reason: "internal" }));
  const { camera } = await receivingCamera({}, (producerId) => (server.count("consume") === 1 ? closed(producerId) : consumedCamera(producerId)));
  expect(server.count("consume")).toBe(2);
  expect(camera.track?.readyState).toBe("live");
});

test("a resumed session has the layers that the server lists", async () => {
  const { call, camera, consumerId } = await receivingCamera();
  const layers = { spatialLayer: 1, temporalLayer: 0 };
  server.override.resume = resumedWith(call, { consumerId, producerId: "v", paused: false, layers });
  server.disconnectAll();
  await vi.waitFor(() => expect(camera.currentLayers).toEqual(layers));
  expect(server.count("consume")).toBe(1);
});

test("after a lost socket the session is resumed, and only the producers that the server lost are created again", async () => {
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  const video = await call.local.publish(track("video"), "camera");
  const producedBefore = server.requests.filter(({ event }) => event === "produce").length;
  expect(producedBefore).toBe(2);
  const events: string[] = [];
  call.on("reconnecting", (cause) => events.push(cause));
  call.on("reconnected", () => events.push("reconnected"));
  const transportId = server.last("produce")?.["transportId"] as string;
  server.override.resume = ({ resumeToken }) => ({
    peerId: call.local.peerId,
    peers: [],
    revision: 5,
    iceServers: [],
    resumeToken,
    transports: [{ transportId, direction: "send" }],
    producers: [
      { producerId: "producer-3", kind: "audio", paused: false, appData: {} },
      { producerId: "unknown-producer", kind: "audio", paused: false, appData: {} },
    ],
    consumers: [],
  });
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("produce")).toBe(3));
  expect(server.last("produce")).toMatchObject({ kind: "video", appData: { source: "camera" } });
  expect(server.requests.find(({ event }) => event === "closeProducer")?.request).toEqual({ producerId: "unknown-producer" });
  expect(call.local.publications.get("camera")).toBe(video);
  await vi.waitFor(() => expect(events).toEqual(["socket", "reconnected"]));
});

test("if the session cannot be resumed, the client rejoins and publishes everything again", async () => {
  const call = await joined();
  const publication = await call.local.publish(track("audio"), "microphone");
  server.override.resume = () => {
    throw { code: "not_found", message: "gone", retryable: false };
  };
  const before = call.local.peerId;
  server.disconnectAll();
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  expect(server.count("joinRoom")).toBe(2);
  expect(call.local.peerId).not.toBe(before);
  expect(call.local.publications.get("microphone")).toBe(publication);
});

test("a transport closed by the server and a move to another node create new transports", async () => {
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  const causes: string[] = [];
  call.on("reconnecting", (cause) => causes.push(cause));
  server.push("transportClosed", { transportId: server.last("produce")?.["transportId"] as string, reason: "ice_timeout" });
  await vi.waitFor(() => expect(server.count("produce")).toBe(2));
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  server.push("peerMoved", { nodeId: "other", deadline: 0, makeBeforeBreak: false });
  await vi.waitFor(() => expect(server.count("produce")).toBe(3));
  expect(causes).toEqual(["transport", "moved"]);
});

test("a track that was refused over a transport is received over the next one", async () => {
  const { call, camera } = await receivingCamera({ subscribe: "manual" });
  const consume = server.override.consume as NonNullable<typeof server.override.consume>;
  server.override.consume = () => {
    throw { code: "not_found", message: "no such transport", retryable: false };
  };
  const errors: string[] = [];
  call.on("error", (error) => errors.push(error.code));
  await camera.setSubscribed(true);
  expect(errors).toEqual(["not_found"]);
  server.override.consume = consume;
  server.push("transportClosed", { transportId: server.last("consume")?.["transportId"] as string, reason: "node_lost" });
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  expect(server.count("createTransport")).toBe(2);
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

test("without a media node the call is reconnecting until a node takes the peer", async () => {
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  const states: string[] = [];
  call.on("state", (state) => states.push(state));
  server.override.createTransport = () => {
    throw { code: "unavailable", message: "no media node", retryable: true };
  };
  server.push("transportClosed", { transportId: server.last("produce")?.["transportId"] as string, reason: "node_lost" });
  await vi.waitFor(() => expect(server.count("createTransport")).toBeGreaterThan(2));
  expect(states).toEqual(["reconnecting"]);
  delete server.override.createTransport;
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  expect(states).toEqual(["reconnecting", "connected"]);
});

test("a participant is lost when the server says so, and this client when a transport of its own fails", async () => {
  server.peers = [{ peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "disconnected", producers: [] }];
  const call = await joined();
  const [ann] = call.participants.values();
  expect(ann?.quality).toBe("lost");
  server.push("peerConnectionState", { peerId: "p", state: "connected", revision: 2 });
  await vi.waitFor(() => expect(ann?.quality).toBe("unknown"));
  await call.local.publish(track("audio"), "microphone");
  expect(call.local.connected).toBe(true);
  handlers.at(-1)?.setConnectionState("disconnected");
  expect(call.local.quality).toBe("lost");
  expect(ann?.quality).toBe("unknown");
});

test("a lost network path restarts ICE with new TURN credentials", async () => {
  const call = await joined();
  await call.local.publish(track("audio"), "microphone");
  const handler = handlers.at(-1);
  const servers = vi.spyOn(handler!, "updateIceServers");
  const iceServers = [{ urls: ["turn:relay"], username: "now", credential: "valid" }];
  server.override.restartIce = () => ({ iceParameters: { usernameFragment: "u", password: "p", iceLite: true }, iceServers });
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  handler?.setConnectionState("failed");
  expect(call.state).toBe("reconnecting");
  expect(call.reconnectCause).toBe("network");
  await vi.waitFor(() => expect(servers).toHaveBeenCalledWith(iceServers));
  handler?.setConnectionState("connected");
  await vi.waitFor(() => expect(call.state).toBe("connected"));
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
