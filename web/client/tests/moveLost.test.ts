/** Ben moves to another node while his socket is lost, and both nodes end meanwhile: he is placed on a third one. */

import { generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { activeEncodings } from "./fakeMedia.ts";
import { StandbyRig } from "./standbyRig.ts";

vi.mock("../src/standbySchedule.ts", () => import("./standbyTimes.ts"));

const MOVE = { nodeId: "node-2", deadline: Date.now() + 30_000, makeBeforeBreak: true };

let rig: StandbyRig;

const refuse = (code: string, retryable: boolean) => () => {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- as the server answers
  throw { code, message: code, retryable };
};
const madeForAMove = () => rig.requests("createTransport").filter(({ home }) => home === "next").length;

beforeEach(async () => {
  rig = await new StandbyRig().open();
  await rig.start();
  const { server } = rig;
  server.override.moveDone = refuse("unavailable", true);
  server.push("peerMoved", MOVE);
  await vi.waitFor(() => expect(madeForAMove()).toBe(2));
  const made = rig.requests("createTransport").length;
  let moves = false;
  server.override.createTransport = ({ home }) => {
    if (home === "next" && !moves) refuse("invalid_state", false)();
    return { ...generateTransportRemoteParameters(), iceServers: [], ...(home ? { home } : {}) } as never;
  };
  server.override.resume = ({ resumeToken }) =>
    ({ peerId: "self", resumeToken, transports: [], producers: [], consumers: [], peers: server.peers, revision: 1, iceServers: [] }) as never;
  delete server.override.moveDone;
  server.disconnectAll();
  await vi.waitFor(() => expect(rig.requests("createTransport").length).toBeGreaterThan(made));
  await vi.waitFor(() => expect(rig.call.state).toBe("connected"));
  await rig.prepared();
  moves = true;
});
afterEach(async () => {
  await rig.close();
});

test("a standby on the node of that move takes over", async () => {
  await rig.promote("node-2");
  expect(rig.call.hasStandby).toBe(false);
  expect(activeEncodings.at(-1)).toEqual([true, true, true]);
});

test("another move to the node of that move is one", async () => {
  const before = madeForAMove();
  rig.server.push("peerMoved", MOVE);
  await vi.waitFor(() => expect(madeForAMove()).toBe(before + 2));
});
