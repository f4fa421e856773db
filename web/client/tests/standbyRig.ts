/** A call with a standby at a fake server. Ben sends microphone and camera, and receives Ann's camera. */

import { expect, vi } from "vitest";

import { Call, type CallOptions, type Publication } from "../src/index.ts";
import { activeEncodings, consumedCamera, handlers, iceServers, newDevice, track } from "./fakeMedia.ts";
import { RoomServer } from "./roomServer.ts";
import { standbyDelay } from "./standbyTimes.ts";

export const PROMOTED = { nodeId: "node-2", deadline: Date.now(), makeBeforeBreak: false, standby: true };
export const ANN = { peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected" as const };
export const camera = (producerId: string) => ({ producerId, kind: "video" as const, appData: {}, paused: false });

export class StandbyRig {
  readonly server = new RoomServer();
  call!: Call;
  /** Those of the call, and the codes of its errors, since `start`. */
  states: string[] = [];
  errors: string[] = [];
  /** The consumers that the server created, unless a test answers `consume` itself: their ids, the last one of each producer. */
  readonly consumers = new Map<string, string>();

  async open(): Promise<this> {
    await this.server.start();
    this.server.peers = [{ ...ANN, producers: [camera("v")] }];
    this.server.override.consume = ({ producerId }) => {
      const consumed = consumedCamera(producerId);
      this.consumers.set(producerId, consumed.id);
      return consumed;
    };
    this.server.override.produce = ({ kind, replaces }) => ({ id: replaces ?? kind });
    standbyDelay.mockClear();
    for (const seen of [handlers, activeEncodings, iceServers]) seen.length = 0;
    return this;
  }

  async close(): Promise<void> {
    await this.call.leave();
    await this.server.stop();
  }

  async join(options: Partial<CallOptions> = {}): Promise<void> {
    this.call = new Call({ url: this.server.url, room: "room", name: "Ben", device: newDevice(), ...options });
    this.call.on("error", ({ code }) => this.errors.push(code));
    await this.call.join();
  }

  async start(options?: Partial<CallOptions>): Promise<void> {
    const { server } = this;
    await this.join(options);
    await this.call.local.publish(track("audio"), "microphone");
    await this.call.local.publish(track("video"), "camera");
    await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
    this.call.on("state", (state) => this.states.push(state));
  }

  async startWithStandby(options?: Partial<CallOptions>): Promise<void> {
    await this.start(options);
    await this.prepared();
  }

  async prepared(): Promise<void> {
    await vi.waitFor(() => expect(this.call.hasStandby).toBe(true), 3_000);
  }

  /** Waits until what was pushed before has arrived. */
  async arrived(): Promise<void> {
    const announced = new Promise<void>((resolve) => this.call.on("announcement", () => resolve()));
    this.server.push("announcement", { data: {} });
    await announced;
  }

  async promote(nodeId = "node-2"): Promise<void> {
    this.server.push("peerMoved", { ...PROMOTED, nodeId });
    await this.arrived();
  }

  requests(event: string): Record<string, unknown>[] {
    return this.server.requests.filter((one) => one.event === event).map(({ request }) => request);
  }

  /** The requests since the first one for a standby. */
  ofStandby(event: string): Record<string, unknown>[] {
    const first = this.server.requests.findIndex(({ event: name, request }) => name === "createTransport" && request["home"] === "standby");
    return first < 0 ? [] : this.server.requests.slice(first).filter((one) => one.event === event).map(({ request }) => request);
  }

  get standbyTransports(): unknown[] {
    return this.requests("createTransport").filter(({ home }) => home === "standby");
  }

  /** The transports of the standby that carry what these requests made. */
  ids(event: "produce" | "consume"): string[] {
    return this.ofStandby(event).map(({ transportId }) => transportId as string);
  }

  /** The failures and ends before each attempt that was planned. */
  get planned(): [number, number][] {
    return standbyDelay.mock.calls.map(([{ failures, ends }]) => [failures, ends]);
  }

  get annsCamera(): Publication {
    return this.call.participants.get("p")?.publications.get("camera") as Publication;
  }
}
