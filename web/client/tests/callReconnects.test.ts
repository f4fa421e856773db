import * as fakeParameters from "mediasoup-client/fakeParameters";
import { expect, test, vi } from "vitest";

import { joined, server } from "./callRig.ts";
import { activeEncodings, handlers, track } from "./fakeMedia.ts";

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
