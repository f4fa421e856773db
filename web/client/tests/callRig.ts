/** A call at a fake server. Each test of a file that imports this one has a server of its own, and its calls end with it. */

import { afterEach, beforeEach, expect, vi } from "vitest";

import { Call, type CallOptions, type Publication } from "../src/index.ts";
import type { ResumedConsumer } from "../src/generated/messages.ts";
import { consumedCamera, newDevice } from "./fakeMedia.ts";
import { RoomServer } from "./roomServer.ts";

export let server: RoomServer;
const calls: Call[] = [];

beforeEach(() => startServer());

afterEach(async () => {
  await Promise.all(calls.splice(0).map((call) => call.leave()));
  await server.stop();
});

/** @param path - Path of the server, without a slash at its end. */
export async function startServer(path?: string): Promise<void> {
  server = await new RoomServer(path).start();
}

export function newCall(options: Partial<CallOptions> = {}): Call {
  const call = new Call({ url: server.url, room: "room", name: "Ben", device: newDevice(), ...options });
  calls.push(call);
  return call;
}

export async function joined(options?: Partial<CallOptions>): Promise<Call> {
  const call = newCall(options);
  await call.join();
  return call;
}

/** A call that receives Ann's camera, with her publication and the id of its consumer. */
export async function receivingCamera(
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
export function resumedWith(call: Call, consumer: ResumedConsumer): NonNullable<RoomServer["override"]["resume"]> {
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
