/** The conversation with the server: a call is a promise, a refusal an error with the server's stable code. */

import { io, type Socket } from "socket.io-client";

import type { Calls, ErrorReply, Pushes } from "./generated/messages.ts";
import { CallError } from "./errors.ts";

const PATIENCE_MS = 10_000;
const TURNED_AWAY_MS = 1_000;

export class Signaling {
  readonly #socket: Socket;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string | undefined) {
    const options = { transports: ["websocket"], autoConnect: false, forceNew: true, reconnectionDelay: 300, reconnectionDelayMax: 2_000 };
    this.#socket = url === undefined ? io(options) : io(url, options);
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  connect(): void {
    this.#socket.connect();
  }

  close(): void {
    clearTimeout(this.#again);
    this.#socket.disconnect();
  }

  onConnected(listener: () => void): void {
    this.#socket.on("connect", listener);
  }

  /** The socket is gone, or could not be had. It is tried again without end. */
  onLost(listener: () => void): void {
    this.#socket.on("disconnect", (reason) => {
      listener();
      // Not at once: a server that turns everybody away must not be stormed.
      if (reason === "io server disconnect") this.#again = setTimeout(() => this.#socket.connect(), TURNED_AWAY_MS);
    });
    this.#socket.on("connect_error", listener);
  }

  on<E extends keyof Pushes>(event: E, listener: (push: Pushes[E]) => void): void {
    this.#socket.on(event as string, listener);
  }

  /** Raises CallError: the server's, or `unreachable`. Nothing is kept for a socket that is yet to come. */
  async call<E extends keyof Calls>(event: E, request: Calls[E][0]): Promise<Calls[E][1]> {
    if (!this.#socket.connected) throw unreachable();
    let answer: Calls[E][1] | ErrorReply;
    try {
      answer = (await this.#socket.timeout(PATIENCE_MS).emitWithAck(event, request)) as Calls[E][1] | ErrorReply;
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
