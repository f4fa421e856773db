/** A fake signaling server with the namespace `/calls` and the HTTP routes about calls, next to its room. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "node:stream/consumers";

import type { Socket } from "socket.io";

import type { CallInfo, CallPushes, CallRequests } from "../src/generated/messages.ts";
import { RoomServer } from "./roomServer.ts";

type Handlers = { [E in keyof CallRequests]?: (request: CallRequests[E][0]) => unknown };

/** A request of a route. */
export interface RouteRequest {
  method: string;
  /** With its query. */
  path: string;
  userId: string;
  body: unknown;
}

export function callInfo(fields: Partial<CallInfo> = {}): CallInfo {
  const participants: CallInfo["participants"] = [{ userId: "ann", state: "accepted" }, { userId: "ben", state: "ringing" }];
  return { callId: "c1", state: "ringing", callerId: "ann", callerName: "Ann", video: true, appData: {}, participants, createdAt: 0, ringUntil: 60_000, ...fields };
}

export function incoming(fields: Partial<CallInfo> = {}): CallPushes["incomingCall"] {
  return { call: callInfo(fields), ringFor: 60_000 };
}

export class CallsServer extends RoomServer {
  readonly callRequests: { event: keyof CallRequests; request: { callId?: string; status?: string } }[] = [];
  readonly routeRequests: RouteRequest[] = [];
  /** Handlers that replace the default ones. An object that a handler throws becomes the error of the answer. */
  readonly callOverride: Handlers = {};
  /** By method and path without its query, such as `GET /calls`. An object that a handler throws becomes the error. */
  readonly routes: Record<string, (request: RouteRequest) => unknown> = {};
  /** The `auth` of every device that has connected so far. */
  readonly devices: Record<string, unknown>[] = [];
  /** Called when a device has connected, such as to ring it. */
  onDevice: (device: Socket) => void = () => undefined;
  /** The error with which a device is refused. */
  refusal: object | undefined;
  refusals = 0;

  override async start(): Promise<this> {
    const calls = this.io.of("/calls");
    calls.use((_socket, proceed) => {
      if (this.refusal) this.refusals += 1;
      proceed(this.refusal && Object.assign(new Error("refused"), { data: { error: this.refusal } }));
    });
    calls.on("connection", (device) => this.#serveDevice(device));
    this.http.on("request", (request, response) => {
      if (!request.url?.includes("/socket.io/")) void this.#serveRoute(request, response);
    });
    return super.start();
  }

  pushCall<E extends keyof CallPushes>(event: E, push: CallPushes[E]): void {
    this.io.of("/calls").emit(event, push);
  }

  /** Whether a device is connected. */
  get rings(): boolean {
    return this.io.of("/calls").sockets.size > 0;
  }

  /** Closes the connection of every device. */
  disconnectDevices(): void {
    for (const device of this.io.of("/calls").sockets.values()) device.conn.close();
  }

  #serveDevice(device: Socket): void {
    this.devices.push(device.handshake.auth);
    device.onAny((event: keyof CallRequests, request: { callId?: string }, answer: (value: unknown) => void) => {
      this.callRequests.push({ event, request });
      try {
        const handler = (this.callOverride[event] ?? this.#defaults[event]) as ((request: unknown) => unknown) | undefined;
        answer(handler?.(request) ?? {});
      } catch (error) {
        answer({ error });
      }
    });
    this.onDevice(device);
  }

  async #serveRoute(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [method, path] = [request.method ?? "", request.url ?? ""];
    const userId = Buffer.from(String(request.headers["x-user-id"]), "latin1").toString();
    const body = request.headers["content-type"] ? await json(request) : undefined;
    const entry = { method, path, userId, body };
    response.setHeader("Access-Control-Allow-Origin", "*").setHeader("Access-Control-Allow-Headers", "*").setHeader("Content-Type", "application/json");
    if (method === "OPTIONS") return void response.end();
    this.routeRequests.push(entry);
    const handler = this.routes[`${method} ${path.split("?")[0]}`];
    try {
      if (!handler) throw { code: "not_found", message: "no such route", retryable: false };
      response.end(JSON.stringify(await handler(entry)));
    } catch (error) {
      response.writeHead(409).end(JSON.stringify({ error }));
    }
  }

  readonly #defaults: Handlers = {
    accept: ({ callId }) => ({ callId, userId: "ben", rtpCapabilities: {}, call: callInfo({ callId, state: "active" }) }),
    setPresence: ({ status }) => ({ userId: "ben", status, devices: 1 }),
  };
}
