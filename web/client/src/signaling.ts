/** The signaling connection: requests as promises, refusals as CallErrors with the server's code. */

import { io, type Socket } from "socket.io-client";

import type { ErrorReply, Pushes, Requests } from "./generated/messages.ts";
import { CallError } from "./errors.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const RECONNECT_AFTER_KICK_MS = 1_000;

export class Signaling {
  readonly #socket: Socket;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Does not connect yet.
   *
   * @param url - Origin of the server; the page's own origin when undefined.
   * @param path - Path of the server on its origin.
   */
  constructor(url: string | undefined, path: string) {
    const options = {
      path: `${path.replace(/\/+$/, "")}/socket.io/`,
      transports: ["websocket"],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 2_000,
    };
    this.#socket = url === undefined ? io(options) : io(url, options);
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  connect(): void {
    this.#socket.connect();
  }

  close(): void {
    clearTimeout(this.#reconnectTimer);
    this.#socket.disconnect();
  }

  onConnected(listener: () => void): void {
    this.#socket.on("connect", listener);
  }

  /** Calls `listener` when the socket is lost and when an attempt to connect fails. The socket retries without a limit. */
  onDisconnected(listener: () => void): void {
    this.#socket.on("disconnect", (reason) => {
      listener();
      // Socket.IO does not reconnect after a disconnect by the server. The delay keeps clients from flooding it.
      if (reason === "io server disconnect") this.#reconnectTimer = setTimeout(() => this.#socket.connect(), RECONNECT_AFTER_KICK_MS);
    });
    this.#socket.on("connect_error", listener);
  }

  on<E extends keyof Pushes>(event: E, listener: (push: Pushes[E]) => void): void {
    this.#socket.on(event as string, listener);
  }

  /**
   * Sends a request and returns its acknowledgement. Requests are not queued while the socket is disconnected.
   *
   * @throws CallError with the server's code, or `unreachable` without a connection or an answer within 10 s.
   */
  async request<E extends keyof Requests>(event: E, request: Requests[E][0]): Promise<Requests[E][1]> {
    if (!this.#socket.connected) throw unreachable();
    let answer: Requests[E][1] | ErrorReply;
    try {
      answer = (await this.#socket.timeout(REQUEST_TIMEOUT_MS).emitWithAck(event, request)) as Requests[E][1] | ErrorReply;
    } catch (error) {
      throw unreachable(error);
    }
    if ("error" in answer) throw new CallError(answer.error.code, answer.error.message, answer.error.retryable);
    return answer;
  }
}

function unreachable(cause?: unknown): CallError {
  return new CallError("unreachable", "The server does not answer.", true, cause);
}
