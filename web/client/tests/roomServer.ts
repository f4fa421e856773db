/** A fake signaling server with one room. It has no media: the client's FakeHandler stands in for it. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Server, type Socket } from "socket.io";

import { generateRouterRtpCapabilities, generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";

import type { PeerInfo, Pushes, Requests, RunningRecording } from "../src/generated/messages.ts";

type Handlers = { [E in keyof Requests]?: (request: Requests[E][0]) => unknown };

export class RoomServer {
  /** Every request so far. */
  readonly requests: { event: string; request: Record<string, unknown> }[] = [];
  /** Handlers that replace the default ones. An object that a handler throws becomes the error of the answer. */
  readonly override: Handlers = {};
  peers: PeerInfo[] = [];
  recordings: RunningRecording[] = [];
  /** The access token that clients need; `undefined`: none. */
  token: string | undefined;
  protected readonly http: HttpServer = createServer();
  protected readonly io: Server;
  #count = 0;
  #port = 0;

  /** @param path - Path of the server, without a slash at its end. */
  constructor(path = "") {
    this.io = new Server(this.http, { path: `${path}/socket.io/` });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.io.use(({ handshake }, next) => {
      if (this.token === undefined || handshake.auth["token"] === this.token) return next();
      const error = { code: "unauthenticated", message: "the access token has expired", retryable: false };
      next(Object.assign(new Error(error.message), { data: { error } }));
    });
    this.io.on("connection", (socket) => this.#serve(socket));
    await new Promise<void>((resolve) => this.http.listen(0, "127.0.0.1", resolve));
    this.#port = (this.http.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    await this.io.close();
  }

  push<E extends keyof Pushes>(event: E, push: Pushes[E]): void {
    this.io.emit(event, push);
  }

  /** Closes every connection; the clients reconnect. */
  disconnectAll(): void {
    for (const socket of this.io.sockets.sockets.values()) socket.conn.close();
  }

  get clients(): number {
    return this.io.sockets.sockets.size;
  }

  /** WebSockets, each with any number of namespaces. */
  get connections(): number {
    return this.io.engine.clientsCount;
  }

  count(event: keyof Requests): number {
    return this.requests.filter((one) => one.event === event).length;
  }

  last(event: keyof Requests): Record<string, unknown> | undefined {
    return this.requests.findLast((one) => one.event === event)?.request;
  }

  #serve(socket: Socket): void {
    socket.onAny(async (event: keyof Requests, request: Record<string, unknown>, answer: (value: unknown) => void) => {
      this.requests.push({ event, request });
      try {
        const handler = (this.override[event] ?? this.#defaults[event]) as ((request: unknown) => unknown) | undefined;
        answer((await handler?.(request)) ?? {});
      } catch (error) {
        answer({ error });
      }
    });
  }

  readonly #defaults: Handlers = {
    createRoom: ({ callId }) => ({ callId, rtpCapabilities: generateRouterRtpCapabilities() }),
    joinRoom: () => ({
      peerId: this.#id("peer"),
      peers: this.peers,
      recordings: this.recordings,
      revision: 1,
      iceServers: [],
      resumeToken: this.#id("token"),
    }),
    createTransport: ({ home }) => ({ ...generateTransportRemoteParameters(), iceServers: [], ...(home === "standby" ? { home } : {}) }),
    produce: ({ replaces }) => ({ id: replaces ?? this.#id("producer") }),
  };

  #id(what: string): string {
    this.#count += 1;
    return `${what}-${this.#count}`;
  }
}
