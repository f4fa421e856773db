import * as fakeParameters from "mediasoup-client/fakeParameters";
import { expect, test, vi } from "vitest";

import type { CallError, ConsumerLayers, TransportStats } from "../src/index.ts";
import type { Consumed } from "../src/generated/messages.ts";
import { joined, receivingCamera, resumedWith, server } from "./callRig.ts";
import { consumedCamera, track } from "./fakeMedia.ts";

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
