/** A server that keeps one room and speaks the contract; media is FakeHandler's on the client's side, nothing here. */

import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Server, type Socket } from "socket.io";

import { generateRouterRtpCapabilities, generateTransportRemoteParameters } from "mediasoup-client/fakeParameters";

import type { Calls, PeerInfo, Pushes } from "../src/generated/messages.ts";

type Handlers = { [E in keyof Calls]?: (request: Calls[E][0]) => unknown };

export class RoomServer {
  readonly asked: { event: string; request: Record<string, unknown> }[] = [];
  /** Answers that are not the usual ones; one that throws an object answers it as an error. */
  readonly override: Handlers = {};
  peers: PeerInfo[] = [];
  #http: HttpServer = createServer();
  #io = new Server(this.#http);
  #count = 0;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    this.#io.on("connection", (socket) => this.#serve(socket));
    await new Promise<void>((resolve) => this.#http.listen(0, "127.0.0.1", resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    await this.#io.close();
  }

  push<E extends keyof Pushes>(event: E, push: Pushes[E]): void {
    this.#io.emit(event, push);
  }

  /** Breaks every connection; clients come back by themselves. */
  cut(): void {
    for (const socket of this.#io.sockets.sockets.values()) socket.conn.close();
  }

  get clients(): number {
    return this.#io.sockets.sockets.size;
  }

  count(event: keyof Calls): number {
    return this.asked.filter((one) => one.event === event).length;
  }

  last(event: keyof Calls): Record<string, unknown> | undefined {
    return this.asked.findLast((one) => one.event === event)?.request;
  }

  #serve(socket: Socket): void {
    socket.onAny((event: keyof Calls, request: Record<string, unknown>, answer: (value: unknown) => void) => {
      this.asked.push({ event, request });
      try {
        const handler = (this.override[event] ?? this.#usual[event]) as ((request: unknown) => unknown) | undefined;
        answer(handler?.(request) ?? {});
      } catch (error) {
        answer({ error });
      }
    });
  }

  readonly #usual: Handlers = {
    createRoom: ({ callId }) => ({ callId, rtpCapabilities: generateRouterRtpCapabilities() }),
    joinRoom: () => ({ peerId: this.#id("peer"), peers: this.peers, revision: 1, iceServers: [], resumeToken: this.#id("token") }),
    createTransport: () => ({ ...generateTransportRemoteParameters(), iceServers: [] }),
    produce: () => ({ id: this.#id("producer") }),
  };

  #id(what: string): string {
    this.#count += 1;
    return `${what}-${this.#count}`;
  }
}
