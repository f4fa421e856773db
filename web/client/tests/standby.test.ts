import { generateConsumerRemoteParameters, generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { activeEncodings, consumedCamera, handlers, sendHandlers, track } from "./fakeMedia.ts";
import { FakePage, fakeVideo, type FakeVideo } from "./fakePage.ts";
import { ANN, camera, PROMOTED, StandbyRig } from "./standbyRig.ts";
import { SETTLES_MS } from "./standbyTimes.ts";

vi.mock("../src/standbySchedule.ts", () => import("./standbyTimes.ts"));

let rig: StandbyRig;

beforeEach(async () => {
  rig = await new StandbyRig().open();
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  await rig.close();
});

test("a standby is made of copies that send nothing and consumers that need no request later", async () => {
  const sent = vi.spyOn(FakeHandler.prototype, "send");
  await rig.startWithStandby();
  expect(rig.standbyTransports).toHaveLength(2);
  expect(rig.ofStandby("produce")).toMatchObject([
    { kind: "audio", source: "microphone", replaces: "audio", paused: false },
    { kind: "video", source: "camera", replaces: "video", paused: false },
  ]);
  expect(rig.ofStandby("consume")).toMatchObject([{ producerId: "v", paused: false }]);
  expect(rig.ofStandby("resumeConsumer")).toEqual([]);
  expect(activeEncodings).toEqual([[true, true, true], [false, false, false]]);
  const [, , microphone, own] = sent.mock.calls.map(([options]) => options);
  expect(microphone?.encodings).toMatchObject([{ active: false }]);
  expect(own?.codecOptions).toEqual(sent.mock.calls[1]?.[0].codecOptions);
  const parameters = rig.ofStandby("produce").map(({ rtpParameters }) => rtpParameters as { encodings: object[] });
  expect(parameters.flatMap(({ encodings }) => encodings.filter((encoding) => "active" in encoding))).toEqual([]);
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("the standby takes over: it sends what is wanted and is shown, and the call stays connected", async () => {
  await rig.startWithStandby();
  rig.server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await rig.arrived();
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, false, false], [false, false, false]]));
  const [before, sent] = [rig.annsCamera.track, [...rig.call.local.publications.values()].map((publication) => publication.track)];
  const closed = handlers.map((handler) => vi.spyOn(handler, "close"));
  rig.server.requests.length = 0;
  await rig.promote();
  expect(activeEncodings[1]).toEqual([true, false, false]);
  expect(rig.annsCamera.track).not.toBe(before);
  expect(rig.annsCamera.track?.readyState).toBe("live");
  expect(before?.readyState).toBe("ended");
  expect([...rig.call.local.publications.values()].map((publication) => publication.track)).toEqual(sent);
  expect(sent.map((one) => one?.readyState)).toEqual(["live", "live"]);
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0, 0]);
  await rig.prepared();
  // Nothing was needed but another standby.
  expect(rig.server.requests.filter(({ request }) => !request["home"] && !request["replaces"]).map(({ event }) => event)).toEqual(
    expect.not.arrayContaining(["createTransport", "resumeConsumer", "pauseConsumer", "closeTransport", "pauseProducer"]),
  );
  expect(rig.standbyTransports).toHaveLength(2);
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("no encoder is stopped while the node of the standby learns who receives what", async () => {
  await rig.startWithStandby();
  rig.server.push("producerLayersWanted", { producerId: "video", encodings: [true, true, false] });
  await rig.arrived();
  await rig.promote();
  expect(activeEncodings[1]).toEqual([true, true, false]);
  const reports: [boolean[], boolean[]][] = [
    [[true, false, false], [true, true, false]],
    [[true, false, true], [true, true, true]],
  ];
  for (const [encodings, sent] of reports) {
    rig.server.push("producerLayersWanted", { producerId: "video", encodings });
    await rig.arrived();
    await vi.waitFor(() => expect(activeEncodings[1]).toEqual(sent));
  }
  const before = performance.now();
  await vi.waitFor(() => expect(activeEncodings[1]).toEqual([true, false, true]), 5 * SETTLES_MS);
  expect(performance.now() - before).toBeLessThan(2 * SETTLES_MS);
  rig.server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await vi.waitFor(() => expect(activeEncodings[1]).toEqual([true, false, false]));
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("a standby takes over from a standby, and is told of it twice", async () => {
  await rig.startWithStandby();
  for (const nodeId of ["node-2", "node-3"]) {
    rig.server.push("peerMoved", { ...PROMOTED, nodeId });
    rig.server.push("peerMoved", { ...PROMOTED, nodeId });
    await rig.arrived();
    expect(rig.call.hasStandby).toBe(false);
    await rig.prepared();
  }
  expect(activeEncodings).toEqual([[true, true, true], [true, true, true], [true, true, true], [false, false, false]]);
  expect([rig.standbyTransports.length, rig.requests("createTransport").length]).toEqual([6, 8]);
  expect(rig.states).toEqual([]);
});

test("what the standby lacks is made when it takes over", async () => {
  let refused = true;
  rig.server.override.consume = ({ producerId, paused }) => {
    if (paused === false && refused) throw { code: "unsupported", message: "no", retryable: false };
    return consumedCamera(producerId);
  };
  const causes: string[] = [];
  await rig.startWithStandby();
  rig.call.on("reconnecting", (cause) => causes.push(cause));
  refused = false;
  rig.server.push("peerMoved", PROMOTED);
  await vi.waitFor(() => expect(rig.states).toEqual(["reconnecting", "connected"]));
  expect(causes).toEqual(["moved"]);
  // It has a receive transport already.
  expect(rig.requests("createTransport").filter(({ home }) => home === undefined)).toHaveLength(2);
  expect(rig.requests("consume").at(-1)).toMatchObject({ producerId: "v", transportId: rig.ids("consume")[0] });
  expect(rig.annsCamera.track?.readyState).toBe("live");
  expect(rig.errors).toEqual([]);
});

test("without the standby that the server means, everything is made again", async () => {
  await rig.start({ standby: false });
  rig.server.requests.length = 0;
  rig.server.push("peerMoved", PROMOTED);
  await vi.waitFor(() => expect(rig.states).toEqual(["reconnecting", "connected"]));
  expect(new Set(rig.requests("createTransport"))).toEqual(new Set([{ direction: "send" }, { direction: "recv" }]));
  expect(rig.requests("produce").map(({ replaces }) => replaces)).toEqual([undefined, undefined]);
  expect(rig.server.count("closeTransport")).toBe(2);
});

test("a dead node does not answer: what is sent after it follows what the application wants by then", async () => {
  await rig.startWithStandby();
  const answers: (() => void)[] = [];
  rig.server.override.pauseProducer = () => new Promise((resolve) => answers.push(() => resolve({})));
  void rig.call.local.setMicrophone(false);
  await vi.waitFor(() => expect(rig.server.count("pauseProducer")).toBe(1));
  const replaced = vi.spyOn(sendHandlers()[1] as FakeHandler, "replaceTrack");
  void rig.call.local.unpublish("camera");
  await rig.promote();
  expect(activeEncodings[1]).toEqual([false, false, false]);
  expect(replaced).not.toHaveBeenCalled();
  const promoted = performance.now();
  await vi.waitFor(() => expect(rig.requests("closeProducer")).toMatchObject([{ producerId: "video" }]), 15_000);
  // It does not wait for the answer of the dead node, which takes 10 s.
  expect(performance.now() - promoted).toBeLessThan(2_000);
  await vi.waitFor(() => expect(rig.server.count("pauseProducer")).toBe(2));
  expect(activeEncodings[1]).toEqual([false, false, false]);
  for (const answer of answers) answer();
});

test("the standby follows what is sent", async () => {
  await rig.startWithStandby();
  const replaced = sendHandlers().map((handler) => vi.spyOn(handler, "replaceTrack"));
  const stopped = vi.spyOn(sendHandlers()[1] as FakeHandler, "stopSending");
  const other = track("video");
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [other], getVideoTracks: () => [other], getAudioTracks: () => [] }) } });
  await rig.call.local.switchDevice("camera", "other");
  vi.unstubAllGlobals();
  await vi.waitFor(() => expect(replaced.map(({ mock }) => mock.calls.map(([, sent]) => sent))).toEqual([[other], [other]]));
  await rig.call.local.publish(track("video"), "screen");
  await vi.waitFor(() => expect(rig.ofStandby("produce").at(-1)).toMatchObject({ source: "screen", replaces: expect.any(String) as string }));
  await rig.call.local.unpublish("camera");
  await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce());
  expect(other.readyState).toBe("ended");
  expect(rig.server.count("closeProducer")).toBe(1);
  await rig.promote();
  // The first camera, its copy, the screen, its copy.
  expect(activeEncodings).toEqual([[true, true, true], [false, false, false], [true, true], [true, true]]);
  expect(rig.states).toEqual([]);
});

test("a pause is told once, and holds after the standby has taken over", async () => {
  await rig.startWithStandby();
  await rig.call.local.setMicrophone(false);
  await rig.promote();
  await rig.prepared();
  expect(rig.server.count("pauseProducer")).toBe(1);
  expect(rig.ofStandby("produce").map(({ paused }) => paused)).toEqual([false, false, true, false]);
  await rig.call.local.setMicrophone(true);
  expect(rig.requests("resumeProducer")).toEqual([{ producerId: "audio" }]);
});

test("a producer that the server closes leaves the standby, and its successor is copied", async () => {
  await rig.startWithStandby();
  rig.server.override.produce = ({ replaces }) => ({ id: replaces ?? "other" });
  rig.server.push("producerClosed", { producerId: "video", peerId: "", reason: "closed", revision: 3 });
  await vi.waitFor(() => expect(rig.ofStandby("produce").at(-1)).toMatchObject({ source: "camera", replaces: "other" }), 3_000);
  await rig.prepared();
  await rig.promote();
  expect(activeEncodings.at(-1)).toEqual([true, true, true]);
  expect(rig.states).toEqual([]);
});

test("a copy whose original ends meanwhile fails without harm", async () => {
  let unpublished: Promise<void> | undefined;
  rig.server.override.produce = async ({ kind, replaces }) => {
    if (replaces !== "video") return { id: replaces ?? kind };
    await (unpublished ??= rig.call.local.unpublish("camera"));
    throw { code: "not_found", message: "no such producer", retryable: false };
  };
  await rig.startWithStandby();
  expect(unpublished).toBeDefined();
  expect([rig.standbyTransports.length, rig.states, rig.errors]).toEqual([2, [], []]);
});

test("what is lost after the standby has taken over is made at home", async () => {
  await rig.startWithStandby({ standby: true });
  const [recv] = rig.ids("consume");
  await rig.promote();
  await rig.prepared();
  rig.server.requests.length = 0;
  rig.server.push("transportClosed", { transportId: recv as string, reason: "ice_failed" });
  await vi.waitFor(() => expect(rig.requests("createTransport")).toContainEqual({ direction: "recv" }));
});

test("a prepared consumer that the server closes is made again", async () => {
  await rig.startWithStandby();
  const consumerId = rig.consumers.get("v") as string;
  rig.server.push("consumerClosed", { consumerId, producerId: "v", reason: "transport_closed" });
  await vi.waitFor(() => expect(rig.ofStandby("consume")).toHaveLength(2), 3_000);
  expect(rig.standbyTransports).toHaveLength(2);
});

test("the standby follows what is displayed", async () => {
  await rig.startWithStandby();
  rig.server.push("newProducer", { ...camera("s"), source: "screen", peerId: "p", userId: "ann", revision: 2 });
  await vi.waitFor(() => expect(rig.ofStandby("consume").map(({ producerId, paused }) => [producerId, paused])).toContainEqual(["s", false]));
  await rig.prepared();
  await rig.annsCamera.setSubscribed(false);
  await vi.waitFor(() => expect(rig.server.count("closeConsumer")).toBe(2));
  expect(rig.annsCamera.track).toBeUndefined();
  const screen = rig.call.participants.get("p")?.publications.get("screen");
  const before = screen?.track;
  await rig.promote();
  expect(screen?.track).not.toBe(before);
  expect(rig.annsCamera.track).toBeUndefined();
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

/** Fourteen others, each with a camera, of which the standby prepares twelve. */
function manyPeers() {
  return Array.from({ length: 14 }, (_, index) => ({ ...ANN, peerId: `p${index}`, userId: `u${index}`, producers: [camera(`v${index}`)] }));
}

const cameras = (...numbers: number[]) => numbers.map((number) => `v${number}`);
const prepared = () => rig.ofStandby("consume").map(({ producerId }) => producerId);

test("at most twelve tracks are prepared", async () => {
  rig.server.peers = manyPeers();
  await rig.join();
  await rig.prepared();
  expect(prepared()).toEqual(cameras(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
  rig.call.on("state", (state) => rig.states.push(state));
  await rig.promote();
  // The other two are made without a word.
  const tracks = () => [...rig.call.participants.values()].map(({ publications }) => publications.get("camera")?.track?.readyState);
  await vi.waitFor(() => expect(tracks()).toEqual(Array.from({ length: 14 }, () => "live")));
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("of more tracks, microphones are prepared before screens and cameras", async () => {
  const peers = manyPeers();
  const microphone = { producerId: "a", kind: "audio" as const, appData: {}, paused: true };
  peers[13] = { ...ANN, peerId: "p13", userId: "u13", producers: [camera("v13"), { ...camera("s"), source: "screen" }, microphone] as never };
  rig.server.peers = peers;
  const consume = rig.server.override.consume;
  rig.server.override.consume = (request) => {
    if (request.producerId !== "a") return consume?.(request);
    return { ...generateConsumerRemoteParameters({ codecMimeType: "audio/opus" }), producerId: "a", type: "simple", producerPaused: false, appData: {} };
  };
  await rig.join();
  await rig.prepared();
  expect(prepared()).toEqual(["s", ...cameras(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]);
  rig.server.push("producerResumed", { producerId: "a", peerId: "p13", revision: 2 });
  await vi.waitFor(() => expect(prepared().at(-1)).toBe("a"));
  await vi.waitFor(() => expect(rig.ofStandby("closeConsumer")).toEqual([{ consumerId: rig.consumers.get("v10") }]));
  expect(rig.errors).toEqual([]);
});

test("of more videos, those that are shown largest are prepared", async () => {
  const page = new FakePage().install();
  rig.server.peers = manyPeers();
  await rig.join({ subscribe: "visible" });
  const videos = manyPeers().map(() => fakeVideo(640, 360));
  for (const [index, video] of videos.entries()) {
    rig.call.participants.get(`p${index}`)?.publications.get("camera")?.attach(video as unknown as HTMLVideoElement);
    page.resize(video, index < 12 ? 160 : 640, 90);
  }
  await rig.prepared();
  expect(prepared()).toEqual(cameras(12, 13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  page.resize(videos[12] as FakeVideo, 80, 45);
  await vi.waitFor(() => expect(prepared().at(-1)).toBe("v10"));
  await vi.waitFor(() => expect(rig.ofStandby("closeConsumer")).toEqual([{ consumerId: rig.consumers.get("v12") }]));
  await rig.prepared();
  rig.call.on("state", (state) => rig.states.push(state));
  // One that has been enlarged in this moment is made like the others that exceed the limit.
  page.resize(videos[11] as FakeVideo, 1280, 720);
  await rig.promote();
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("what the server says of a prepared consumer counts when it is shown", async () => {
  await rig.startWithStandby();
  const consumerId = rig.consumers.get("v") as string;
  rig.server.push("consumerLayersChanged", { consumerId, layers: { spatialLayer: 1, temporalLayer: 2 } });
  rig.server.push("consumerScore", { consumerId, score: { score: 4, producerScore: 9, producerScores: [9] } });
  rig.server.push("consumerPaused", { consumerId, reason: "link" });
  await rig.arrived();
  const told = () => [rig.annsCamera.currentLayers, rig.annsCamera.score, rig.annsCamera.unreachable];
  expect(told()).toEqual([undefined, 10, false]);
  await rig.promote();
  expect(told()).toEqual([{ spatialLayer: 1, temporalLayer: 2 }, 4, true]);
});

test.each(["createTransport", "produce", "consume"] as const)("a standby takes over while %s of it is under way, which then fails", async (event) => {
  let fail = () => {};
  const failed = new Promise<void>((resolve) => (fail = resolve));
  const answers = {
    createTransport: ({ home }: { home?: string }) => ({ ...generateTransportRemoteParameters(), iceServers: [], ...(home ? { home } : {}) }),
    produce: ({ kind, replaces }: { kind: string; replaces?: string }) => ({ id: replaces ?? kind }),
    consume: ({ producerId }: { producerId: string }) => consumedCamera(producerId),
  };
  let asked = false;
  rig.server.override[event] = (async (request: never) => {
    const { home, replaces, paused } = request as { home?: string; replaces?: string; paused?: boolean };
    if (!asked && (home || replaces || (event === "consume" && paused === false))) {
      asked = true;
      await failed;
      throw { code: "invalid_state", message: "the standby hosts the peer already", retryable: false };
    }
    return answers[event](request);
  }) as never;
  await rig.start();
  await vi.waitFor(() => expect(asked).toBe(true), 3_000);
  await rig.promote();
  fail();
  await vi.waitFor(() => expect(rig.states).toEqual(["reconnecting", "connected"]), 5_000);
  expect(rig.errors).toEqual([]);
  const [video] = activeEncodings.slice(-1);
  expect(video).toEqual([true, true, true]);
  expect([...rig.call.local.publications.values()].map(({ track }) => track?.readyState)).toEqual(["live", "live"]);
  await vi.waitFor(() => expect(rig.annsCamera.track?.readyState).toBe("live"));
  await rig.prepared();
});
