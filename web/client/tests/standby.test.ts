import { generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Call, type CallOptions, type Publication } from "../src/index.ts";
import { activeEncodings, consumedCamera, handlers, iceServers, newDevice, sendHandlers, track } from "./fakeMedia.ts";
import { RoomServer } from "./roomServer.ts";

const SOON_MS = 150;
const RETRY_MS = 400;
vi.mock("../src/standbySchedule.ts", () => ({ standbyDelay: (failures: number) => (failures === 0 ? SOON_MS : RETRY_MS) }));

let server: RoomServer;
let call: Call;
let states: string[];
let errors: string[];

const PROMOTED = { nodeId: "node-2", deadline: Date.now(), makeBeforeBreak: false, standby: true };
const ANN = { peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected" as const };
const camera = (producerId: string) => ({ producerId, kind: "video" as const, appData: {}, paused: false });

beforeEach(async () => {
  server = await new RoomServer().start();
  server.peers = [{ ...ANN, producers: [camera("v")] }];
  server.override.consume = ({ producerId }) => consumedCamera(producerId);
  server.override.produce = ({ kind, replaces }) => ({ id: replaces ?? kind });
  handlers.length = 0;
  activeEncodings.length = 0;
  iceServers.length = 0;
});

afterEach(async () => {
  vi.restoreAllMocks();
  await call.leave();
  await server.stop();
});

/** Ben sends microphone and camera, and receives Ann's camera. */
async function start(options: Partial<CallOptions> = {}): Promise<void> {
  call = new Call({ url: server.url, room: "room", name: "Ben", device: newDevice(), ...options });
  errors = [];
  call.on("error", ({ code }) => errors.push(code));
  await call.join();
  await call.local.publish(track("audio"), "microphone");
  await call.local.publish(track("video"), "camera");
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  await vi.waitFor(() => expect(call.state).toBe("connected"));
  states = [];
  call.on("state", (state) => states.push(state));
}

/** The same, with a standby. */
async function startWithStandby(options?: Partial<CallOptions>): Promise<void> {
  await start(options);
  await prepared();
}

async function prepared(): Promise<void> {
  await vi.waitFor(() => expect(call.hasStandby).toBe(true), 3_000);
}

/** Waits until what was pushed before has arrived. */
async function arrived(): Promise<void> {
  const announced = new Promise<void>((resolve) => call.on("announcement", () => resolve()));
  server.push("announcement", { data: {} });
  await announced;
}

function requests(event: string): Record<string, unknown>[] {
  return server.requests.filter((one) => one.event === event).map(({ request }) => request);
}

/** The requests that concern the standby: those after the one for its first transport. */
function ofStandby(event: string): Record<string, unknown>[] {
  const first = server.requests.findIndex(({ event: name, request }) => name === "createTransport" && request["home"] === "standby");
  return first < 0 ? [] : server.requests.slice(first).filter((one) => one.event === event).map(({ request }) => request);
}

function standbyTransports(): unknown[] {
  return requests("createTransport").filter(({ home }) => home === "standby");
}

function annsCamera(): Publication {
  return call.participants.get("p")?.publications.get("camera") as Publication;
}

function ids(event: string): unknown[] {
  return ofStandby(event).map(({ transportId }) => transportId);
}

test("a standby is made of copies that send nothing and consumers that need no request later", async () => {
  const sent = vi.spyOn(FakeHandler.prototype, "send");
  await startWithStandby();
  expect(standbyTransports()).toHaveLength(2);
  expect(ofStandby("produce")).toMatchObject([
    { kind: "audio", source: "microphone", replaces: "audio", paused: false },
    { kind: "video", source: "camera", replaces: "video", paused: false },
  ]);
  expect(ofStandby("consume")).toMatchObject([{ producerId: "v", paused: false }]);
  expect(ofStandby("resumeConsumer")).toEqual([]);
  expect(activeEncodings).toEqual([[true, true, true], [false, false, false]]);
  const [, , microphone, own] = sent.mock.calls.map(([options]) => options);
  expect(microphone?.encodings).toMatchObject([{ active: false }]);
  expect(own?.codecOptions).toEqual(sent.mock.calls[1]?.[0].codecOptions);
  const parameters = ofStandby("produce").map(({ rtpParameters }) => rtpParameters as { encodings: object[] });
  expect(parameters.flatMap(({ encodings }) => encodings.filter((encoding) => "active" in encoding))).toEqual([]);
  expect([states, errors]).toEqual([[], []]);
});

test("the standby takes over: it sends what is wanted and is shown, and the call stays connected", async () => {
  await startWithStandby();
  server.push("producerLayersWanted", { producerId: "video", encodings: [true, false, false] });
  await arrived();
  await vi.waitFor(() => expect(activeEncodings).toEqual([[true, false, false], [false, false, false]]));
  const [before, sent] = [annsCamera().track, [...call.local.publications.values()].map((publication) => publication.track)];
  const closed = handlers.map((handler) => vi.spyOn(handler, "close"));
  server.requests.length = 0;
  server.push("peerMoved", PROMOTED);
  await arrived();
  expect(activeEncodings[1]).toEqual([true, false, false]);
  expect(annsCamera().track).not.toBe(before);
  expect(annsCamera().track?.readyState).toBe("live");
  expect(before?.readyState).toBe("ended");
  expect([...call.local.publications.values()].map((publication) => publication.track)).toEqual(sent);
  expect(sent.map((one) => one?.readyState)).toEqual(["live", "live"]);
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 0, 0]);
  await prepared();
  // Nothing was needed but another standby.
  expect(server.requests.filter(({ request }) => !request["home"] && !request["replaces"]).map(({ event }) => event)).toEqual(
    expect.not.arrayContaining(["createTransport", "resumeConsumer", "pauseConsumer", "closeTransport", "pauseProducer"]),
  );
  expect(standbyTransports()).toHaveLength(2);
  expect([states, errors]).toEqual([[], []]);
});

test("a standby takes over from a standby, and is told of it twice", async () => {
  await startWithStandby();
  for (const nodeId of ["node-2", "node-3"]) {
    server.push("peerMoved", { ...PROMOTED, nodeId });
    server.push("peerMoved", { ...PROMOTED, nodeId });
    await arrived();
    expect(call.hasStandby).toBe(false);
    await prepared();
  }
  expect(activeEncodings).toEqual([[true, true, true], [true, true, true], [true, true, true], [false, false, false]]);
  expect([standbyTransports().length, requests("createTransport").length]).toEqual([6, 8]);
  expect(states).toEqual([]);
});

test("what the standby lacks is made when it takes over", async () => {
  let refused = true;
  server.override.consume = ({ producerId, paused }) => {
    if (paused === false && refused) throw { code: "unsupported", message: "no", retryable: false };
    return consumedCamera(producerId);
  };
  const causes: string[] = [];
  await startWithStandby();
  call.on("reconnecting", (cause) => causes.push(cause));
  refused = false;
  server.push("peerMoved", PROMOTED);
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  expect(causes).toEqual(["moved"]);
  // It has a receive transport already.
  expect(requests("createTransport").filter(({ home }) => home === undefined)).toHaveLength(2);
  expect(requests("consume").at(-1)).toMatchObject({ producerId: "v", transportId: ids("consume")[0] });
  expect(annsCamera().track?.readyState).toBe("live");
  expect(errors).toEqual([]);
});

test("without the standby that the server means, everything is made again", async () => {
  await start({ standby: false });
  server.requests.length = 0;
  server.push("peerMoved", PROMOTED);
  await vi.waitFor(() => expect(states).toEqual(["reconnecting", "connected"]));
  expect(requests("createTransport")).toEqual([{ direction: "send" }, { direction: "recv" }]);
  expect(requests("produce").map(({ replaces }) => replaces)).toEqual([undefined, undefined]);
  expect(server.count("closeTransport")).toBe(2);
});

test("the standby follows what is sent", async () => {
  await startWithStandby();
  const replaced = sendHandlers().map((handler) => vi.spyOn(handler, "replaceTrack"));
  const stopped = vi.spyOn(sendHandlers()[1] as FakeHandler, "stopSending");
  const other = track("video");
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [other], getVideoTracks: () => [other], getAudioTracks: () => [] }) } });
  await call.local.switchDevice("camera", "other");
  vi.unstubAllGlobals();
  await vi.waitFor(() => expect(replaced.map(({ mock }) => mock.calls.map(([, sent]) => sent))).toEqual([[other], [other]]));
  await call.local.publish(track("video"), "screen");
  await vi.waitFor(() => expect(ofStandby("produce").at(-1)).toMatchObject({ source: "screen", replaces: expect.any(String) as string }));
  await call.local.unpublish("camera");
  await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce());
  expect(other.readyState).toBe("ended");
  expect(server.count("closeProducer")).toBe(1);
  server.push("peerMoved", PROMOTED);
  await arrived();
  // The first camera, its copy, the screen, its copy.
  expect(activeEncodings).toEqual([[true, true, true], [false, false, false], [true, true], [true, true]]);
  expect(states).toEqual([]);
});

test("a pause is told once, and holds after the standby has taken over", async () => {
  await startWithStandby();
  await call.local.setMicrophone(false);
  server.push("peerMoved", PROMOTED);
  await arrived();
  await prepared();
  expect(server.count("pauseProducer")).toBe(1);
  expect(ofStandby("produce").map(({ paused }) => paused)).toEqual([false, false, true, false]);
  await call.local.setMicrophone(true);
  expect(requests("resumeProducer")).toEqual([{ producerId: "audio" }]);
});

test("a producer that the server closes leaves the standby, and its successor is copied", async () => {
  await startWithStandby();
  server.override.produce = ({ replaces }) => ({ id: replaces ?? "other" });
  server.push("producerClosed", { producerId: "video", peerId: "", reason: "closed", revision: 3 });
  await vi.waitFor(() => expect(ofStandby("produce").at(-1)).toMatchObject({ source: "camera", replaces: "other" }), 3_000);
  await prepared();
  server.push("peerMoved", PROMOTED);
  await arrived();
  expect(activeEncodings.at(-1)).toEqual([true, true, true]);
  expect(states).toEqual([]);
});

test("the standby follows what is displayed", async () => {
  await startWithStandby();
  server.push("newProducer", { ...camera("s"), source: "screen", peerId: "p", userId: "ann", revision: 2 });
  await vi.waitFor(() => expect(ofStandby("consume").map(({ producerId, paused }) => [producerId, paused])).toContainEqual(["s", false]));
  await prepared();
  await annsCamera().setSubscribed(false);
  await vi.waitFor(() => expect(server.count("closeConsumer")).toBe(2));
  expect(annsCamera().track).toBeUndefined();
  const screen = call.participants.get("p")?.publications.get("screen");
  const before = screen?.track;
  server.push("peerMoved", PROMOTED);
  await arrived();
  expect(screen?.track).not.toBe(before);
  expect(annsCamera().track).toBeUndefined();
  expect([states, errors]).toEqual([[], []]);
});

test("at most twelve tracks are prepared", async () => {
  server.peers = Array.from({ length: 14 }, (_, index) => ({ ...ANN, peerId: `p${index}`, userId: `u${index}`, producers: [camera(`v${index}`)] }));
  call = new Call({ url: server.url, room: "room", name: "Ben", device: newDevice() });
  await call.join();
  await prepared();
  expect(ofStandby("consume").map(({ producerId }) => producerId)).toEqual(Array.from({ length: 12 }, (_, index) => `v${index}`));
});

test("what the server says of a prepared consumer counts when it is shown", async () => {
  let consumerId = "";
  server.override.consume = ({ producerId }) => {
    const consumed = consumedCamera(producerId);
    consumerId = consumed.id;
    return consumed;
  };
  await startWithStandby();
  server.push("consumerLayersChanged", { consumerId, layers: { spatialLayer: 1, temporalLayer: 2 } });
  server.push("consumerScore", { consumerId, score: { score: 4, producerScore: 9, producerScores: [9] } });
  server.push("consumerPaused", { consumerId, reason: "link" });
  await arrived();
  const told = () => [annsCamera().currentLayers, annsCamera().score, annsCamera().unreachable];
  expect(told()).toEqual([undefined, 10, false]);
  server.push("peerMoved", PROMOTED);
  await arrived();
  expect(told()).toEqual([{ spatialLayer: 1, temporalLayer: 2 }, 4, true]);
});

test.each(["createTransport", "produce", "consume"] as const)("a failure of %s disturbs nothing, and is retried with another standby", async (event) => {
  let refusals = 1;
  const answers = {
    createTransport: () => ({ ...generateTransportRemoteParameters(), iceServers: [] }),
    produce: ({ kind, replaces }: { kind: string; replaces?: string }) => ({ id: replaces ?? kind }),
    consume: ({ producerId }: { producerId: string }) => consumedCamera(producerId),
  };
  server.override[event] = ((request: never) => {
    const { home, replaces, paused } = request as { home?: string; replaces?: string; paused?: boolean };
    if ((home || replaces || (event === "consume" && paused === false)) && refusals-- > 0) throw { code: "unavailable", message: "later", retryable: true };
    return answers[event](request);
  }) as never;
  const begun = performance.now();
  await startWithStandby();
  expect(performance.now() - begun).toBeGreaterThan(RETRY_MS);
  expect(refusals).toBeLessThan(0);
  expect(standbyTransports().length).toBeGreaterThan(2);
  expect(activeEncodings[0]).toEqual([true, true, true]);
  expect([states, errors]).toEqual([[], []]);
});

test.each(["invalid_argument", "unknown_event", "unavailable"])("there is no standby at a server that answers %s for good", async (code) => {
  server.override.createTransport = ({ home }) => {
    if (home) throw { code, message: "home", retryable: false };
    return { ...generateTransportRemoteParameters(), iceServers: [] } as never;
  };
  await start();
  await vi.waitFor(() => expect(standbyTransports().length).toBeGreaterThan(0));
  await new Promise((resolve) => setTimeout(resolve, 3 * RETRY_MS));
  expect(standbyTransports().length).toBeLessThanOrEqual(2);
  expect([states, errors, call.hasStandby]).toEqual([[], [], false]);
});

test("a transport of the standby that the server closes ends it, and another one is made", async () => {
  await startWithStandby();
  const [send, , recv] = [...ids("produce"), ...ids("consume")];
  server.push("transportClosed", { transportId: recv as string, reason: "node_draining" });
  await arrived();
  expect(call.hasStandby).toBe(false);
  await vi.waitFor(() => expect(requests("closeTransport")).toContainEqual({ transportId: send }));
  await prepared();
  expect(standbyTransports()).toHaveLength(4);
  expect([states, errors]).toEqual([[], []]);
});

test("a standby that loses its network path ends, and another one is made", async () => {
  await startWithStandby();
  handlers.at(-1)?.setConnectionState("failed");
  expect(call.hasStandby).toBe(false);
  await prepared();
  expect(standbyTransports()).toHaveLength(4);
  expect(server.count("restartIce")).toBe(0);
  expect([states, errors]).toEqual([[], []]);
});

test("a standby stays while the home has lost its network path, and ends with the socket", async () => {
  await startWithStandby();
  handlers[0]?.setConnectionState("disconnected");
  expect([call.state, call.hasStandby]).toEqual(["reconnecting", true]);
  handlers[0]?.setConnectionState("connected");
  await vi.waitFor(() => expect([call.state, call.hasStandby]).toEqual(["connected", true]));
  expect(standbyTransports()).toHaveLength(2);
  const closed = handlers.slice(2).map((handler) => vi.spyOn(handler, "close"));
  server.override.resume = () => {
    throw { code: "not_found", message: "no such session", retryable: false };
  };
  server.disconnectAll();
  await vi.waitFor(() => expect(call.state).toBe("reconnecting"));
  expect(call.hasStandby).toBe(false);
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  await vi.waitFor(() => expect(call.state).toBe("connected"), 10_000);
  await prepared();
});

test("none is made while the media is disturbed", async () => {
  await startWithStandby();
  // The one that is lost first is planned again before the home is disturbed, the other one not.
  for (const transport of ["produce", "consume"]) {
    server.push("transportClosed", { transportId: ids(transport).at(-1) as string, reason: "node_lost" });
    await arrived();
    handlers[0]?.setConnectionState("disconnected");
    server.requests.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 3 * SOON_MS));
    expect(standbyTransports()).toEqual([]);
    handlers[0]?.setConnectionState("connected");
    await prepared();
    handlers[0]?.setConnectionState("disconnected");
  }
  handlers[0]?.setConnectionState("connected");
  await prepared();
});

test("a client that moves before its node ends drops its standby", async () => {
  await startWithStandby();
  const [send, , recv] = [...ids("produce"), ...ids("consume")];
  server.push("peerMoved", { ...PROMOTED, standby: false, makeBeforeBreak: true });
  await vi.waitFor(() => expect(server.count("moveDone")).toBe(1), 5_000);
  expect(requests("closeTransport")).toEqual(expect.arrayContaining([{ transportId: send }, { transportId: recv }]));
  expect(activeEncodings.slice(0, 3)).toEqual([[true, true, true], [false, false, false], [true, true, true]]);
  await prepared();
  expect(states).toEqual([]);
});

test("who leaves closes the standby, and a transport that is being made", async () => {
  await startWithStandby();
  const closed = handlers.map((handler) => vi.spyOn(handler, "close"));
  await call.leave();
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 3 * SOON_MS));
  expect(handlers).toHaveLength(4);
});

test("a transport that arrives after the end of its standby is closed", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  server.override.createTransport = async ({ home }) => {
    if (home) await released;
    return { ...generateTransportRemoteParameters(), iceServers: [] } as never;
  };
  await start();
  await vi.waitFor(() => expect(standbyTransports()).toHaveLength(2));
  server.push("peerMoved", { ...PROMOTED, standby: false, makeBeforeBreak: true });
  await arrived();
  release();
  await vi.waitFor(() => expect(server.count("closeTransport")).toBe(2));
});

/** Every transport has this selected pair. */
function connectOver(candidateType: string): void {
  const reports = [
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", localCandidateId: "l" },
    { id: "l", type: "local-candidate", candidateType },
  ];
  vi.spyOn(FakeHandler.prototype, "getTransportStats").mockImplementation(async () => new Map(reports.map((one) => [one.id, one])) as never);
}

test("there is no standby over a TURN server unless the application says so", async () => {
  const turn = [{ urls: ["turn:turn.example"], username: "u", credential: "c" }];
  server.override.createTransport = () => ({ ...generateTransportRemoteParameters(), iceServers: turn }) as never;
  connectOver("relay");
  await start();
  await new Promise((resolve) => setTimeout(resolve, 4 * SOON_MS));
  expect(standbyTransports()).toEqual([]);
  connectOver("host");
  await prepared();
  expect(iceServers).toEqual([1, 1, 0, 0]);
  await call.leave();
  connectOver("relay");
  iceServers.length = 0;
  server.requests.length = 0;
  await startWithStandby({ standby: "relay" });
  expect(iceServers).toEqual([1, 1, 1, 1]);
});

test("an application may have no standby", async () => {
  await start({ standby: false });
  await new Promise((resolve) => setTimeout(resolve, 5 * SOON_MS));
  expect(standbyTransports()).toEqual([]);
});
