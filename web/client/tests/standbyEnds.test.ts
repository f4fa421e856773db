import { generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { activeEncodings, consumedCamera, handlers, iceServers } from "./fakeMedia.ts";
import { camera, PROMOTED, StandbyRig } from "./standbyRig.ts";
import { RETRY_MS, SOON_MS } from "./standbyTimes.ts";

vi.mock("../src/standbySchedule.ts", () => import("./standbyTimes.ts"));

let rig: StandbyRig;

beforeEach(async () => {
  rig = await new StandbyRig().open();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rig.close();
});

test.each(["createTransport", "produce", "consume"] as const)("a failure of %s disturbs nothing, and is retried with another standby", async (event) => {
  let refusals = 1;
  const answers = {
    createTransport: ({ home }: { home?: string }) => ({ ...generateTransportRemoteParameters(), iceServers: [], ...(home ? { home } : {}) }),
    produce: ({ kind, replaces }: { kind: string; replaces?: string }) => ({ id: replaces ?? kind }),
    consume: ({ producerId }: { producerId: string }) => consumedCamera(producerId),
  };
  rig.server.override[event] = ((request: never) => {
    const { home, replaces, paused } = request as { home?: string; replaces?: string; paused?: boolean };
    if ((home || replaces || (event === "consume" && paused === false)) && refusals-- > 0) throw { code: "unavailable", message: "later", retryable: true };
    return answers[event](request);
  }) as never;
  const begun = performance.now();
  await rig.startWithStandby();
  expect(performance.now() - begun).toBeGreaterThan(RETRY_MS);
  expect(refusals).toBeLessThan(0);
  expect(rig.standbyTransports.length).toBeGreaterThan(2);
  expect(activeEncodings[0]).toEqual([true, true, true]);
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test.each(["invalid_argument", "unknown_event", "unavailable"])("there is no standby at a server that answers %s for good", async (code) => {
  rig.server.override.createTransport = ({ home }) => {
    if (home) throw { code, message: "home", retryable: false };
    return { ...generateTransportRemoteParameters(), iceServers: [] } as never;
  };
  await rig.start();
  await vi.waitFor(() => expect(rig.standbyTransports.length).toBeGreaterThan(0));
  await new Promise((resolve) => setTimeout(resolve, 3 * RETRY_MS));
  expect(rig.standbyTransports.length).toBeLessThanOrEqual(2);
  expect([rig.states, rig.errors, rig.call.hasStandby]).toEqual([[], [], false]);
});

test("an older server makes the transport in the home: it is closed, and nothing is sent twice", async () => {
  rig.server.override.createTransport = () => ({ ...generateTransportRemoteParameters(), iceServers: [] }) as never;
  await rig.start();
  await vi.waitFor(() => expect(rig.requests("closeTransport").length).toBeGreaterThan(0));
  await new Promise((resolve) => setTimeout(resolve, 3 * RETRY_MS));
  expect(rig.standbyTransports.length).toBeLessThanOrEqual(2);
  expect(rig.requests("closeTransport")).toHaveLength(rig.standbyTransports.length);
  expect([rig.requests("produce").length, rig.requests("consume").length]).toEqual([2, 1]);
  expect([rig.states, rig.errors, rig.call.hasStandby]).toEqual([[], [], false]);
});

test("a transport of the standby that the server closes ends it, and another one is made", async () => {
  await rig.startWithStandby();
  const [send, , recv] = [...rig.ids("produce"), ...rig.ids("consume")];
  const layers = { spatialLayer: 1, temporalLayer: 2 };
  rig.server.push("consumerLayersChanged", { consumerId: rig.requests("resumeConsumer")[0]?.["consumerId"] as string, layers });
  rig.server.push("transportClosed", { transportId: recv as string, reason: "node_draining" });
  await rig.arrived();
  expect(rig.call.hasStandby).toBe(false);
  expect(rig.annsCamera.currentLayers).toEqual(layers);
  await vi.waitFor(() => expect(rig.requests("closeTransport")).toContainEqual({ transportId: send }));
  await rig.prepared();
  expect(rig.standbyTransports).toHaveLength(4);
  expect(rig.planned).toEqual([[0, 0], [0, 1]]);
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("an attempt that fails counts, and so does a standby that cannot follow soon after it was ready", async () => {
  let refusals = 1;
  const refuse = () => {
    if (refusals-- > 0) throw { code: "unavailable", message: "later", retryable: true };
  };
  rig.server.override.createTransport = ({ home }) => {
    if (home) refuse();
    return { ...generateTransportRemoteParameters(), iceServers: [], ...(home ? { home } : {}) } as never;
  };
  await rig.startWithStandby();
  expect(rig.planned).toEqual([[0, 0], [1, 0]]);
  refusals = 1;
  rig.server.override.consume = ({ producerId, paused }) => {
    if (paused === false) refuse();
    return consumedCamera(producerId);
  };
  rig.server.push("newProducer", { ...camera("s"), source: "screen", peerId: "p", userId: "ann", revision: 2 });
  await vi.waitFor(() => expect(rig.planned).toEqual([[0, 0], [1, 0], [2, 0]]));
  await rig.prepared();
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("a disturbance begins the wait anew", async () => {
  await rig.startWithStandby();
  rig.server.push("transportClosed", { transportId: rig.ids("consume").at(-1) as string, reason: "node_lost" });
  await rig.arrived();
  expect(rig.planned).toHaveLength(2);
  handlers[0]?.setConnectionState("disconnected");
  handlers[0]?.setConnectionState("connected");
  expect(rig.planned).toHaveLength(3);
  await rig.prepared();
  expect(rig.standbyTransports).toHaveLength(4);
});

test("a standby that loses its network path ends, and another one is made", async () => {
  await rig.startWithStandby();
  handlers.at(-1)?.setConnectionState("failed");
  expect(rig.call.hasStandby).toBe(false);
  await rig.prepared();
  expect(rig.standbyTransports).toHaveLength(4);
  expect(rig.server.count("restartIce")).toBe(0);
  expect([rig.states, rig.errors]).toEqual([[], []]);
});

test("a standby stays while the home has lost its network path, and ends with the socket", async () => {
  await rig.startWithStandby();
  handlers[0]?.setConnectionState("disconnected");
  expect([rig.call.state, rig.call.hasStandby]).toEqual(["reconnecting", true]);
  handlers[0]?.setConnectionState("connected");
  await vi.waitFor(() => expect([rig.call.state, rig.call.hasStandby]).toEqual(["connected", true]));
  expect(rig.standbyTransports).toHaveLength(2);
  const closed = handlers.slice(2).map((handler) => vi.spyOn(handler, "close"));
  rig.server.override.resume = () => {
    throw { code: "not_found", message: "no such session", retryable: false };
  };
  rig.server.disconnectAll();
  await vi.waitFor(() => expect(rig.call.state).toBe("reconnecting"));
  expect(rig.call.hasStandby).toBe(false);
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  await vi.waitFor(() => expect(rig.call.state).toBe("connected"), 10_000);
  await rig.prepared();
});

test("none is made while the media is disturbed", async () => {
  await rig.startWithStandby();
  // The one that is lost first is planned again before the home is disturbed, the other one not.
  for (const transport of ["produce", "consume"] as const) {
    rig.server.push("transportClosed", { transportId: rig.ids(transport).at(-1) as string, reason: "node_lost" });
    await rig.arrived();
    handlers[0]?.setConnectionState("disconnected");
    rig.server.requests.length = 0;
    await new Promise((resolve) => setTimeout(resolve, 3 * SOON_MS));
    expect(rig.standbyTransports).toEqual([]);
    handlers[0]?.setConnectionState("connected");
    await rig.prepared();
    handlers[0]?.setConnectionState("disconnected");
  }
  handlers[0]?.setConnectionState("connected");
  await rig.prepared();
});

test("a client that moves before its node ends drops its standby", async () => {
  await rig.startWithStandby();
  const [send, , recv] = [...rig.ids("produce"), ...rig.ids("consume")];
  rig.server.push("peerMoved", { ...PROMOTED, standby: false, makeBeforeBreak: true });
  await vi.waitFor(() => expect(rig.server.count("moveDone")).toBe(1), 5_000);
  expect(rig.requests("closeTransport")).toEqual(expect.arrayContaining([{ transportId: send }, { transportId: recv }]));
  expect(activeEncodings.slice(0, 3)).toEqual([[true, true, true], [false, false, false], [true, true, true]]);
  await rig.prepared();
  expect(rig.planned).toEqual([[0, 0], [0, 1]]);
  expect(rig.states).toEqual([]);
});

test("who leaves closes the standby, and a transport that is being made", async () => {
  await rig.startWithStandby();
  const closed = handlers.map((handler) => vi.spyOn(handler, "close"));
  await rig.call.leave();
  expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 3 * SOON_MS));
  expect(handlers).toHaveLength(4);
});

test("a transport that arrives after the end of its standby is closed", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  rig.server.override.createTransport = async ({ home }) => {
    if (home) await released;
    return { ...generateTransportRemoteParameters(), iceServers: [], ...(home ? { home } : {}) } as never;
  };
  await rig.start();
  await vi.waitFor(() => expect(rig.standbyTransports).toHaveLength(2));
  rig.server.push("peerMoved", { ...PROMOTED, standby: false, makeBeforeBreak: true });
  await rig.arrived();
  release();
  await vi.waitFor(() => expect(rig.server.count("closeTransport")).toBe(2));
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
  rig.server.override.createTransport = ({ home }) => ({ ...generateTransportRemoteParameters(), iceServers: turn, ...(home ? { home } : {}) }) as never;
  connectOver("relay");
  await rig.start();
  await new Promise((resolve) => setTimeout(resolve, 4 * SOON_MS));
  expect(rig.standbyTransports).toEqual([]);
  connectOver("host");
  await rig.prepared();
  expect(iceServers).toEqual([1, 1, 0, 0]);
  await rig.call.leave();
  connectOver("relay");
  iceServers.length = 0;
  rig.server.requests.length = 0;
  await rig.startWithStandby({ standby: "relay" });
  expect(iceServers).toEqual([1, 1, 1, 1]);
});

test("an application may have no standby", async () => {
  await rig.start({ standby: false });
  await new Promise((resolve) => setTimeout(resolve, 5 * SOON_MS));
  expect(rig.standbyTransports).toEqual([]);
});

test("who was placed elsewhere while its socket was lost returns to a node where it was before", async () => {
  await rig.startWithStandby();
  await rig.promote("node-2");
  await rig.prepared();
  rig.server.override.resume = ({ resumeToken }) => ({
    peerId: "self",
    resumeToken,
    transports: [],
    producers: [],
    consumers: [],
    peers: rig.server.peers,
    revision: 1,
    iceServers: [],
  });
  rig.server.disconnectAll();
  await vi.waitFor(() => expect(rig.states).toEqual(["reconnecting", "connected"]), 10_000);
  await rig.prepared();
  await rig.promote("node-2");
  expect(rig.call.hasStandby).toBe(false);
  expect(activeEncodings.at(-1)).toEqual([true, true, true]);
  await rig.prepared();
  expect([rig.states, rig.errors]).toEqual([["reconnecting", "connected"], []]);
});
