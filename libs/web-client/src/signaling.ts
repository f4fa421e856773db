/** The conversation with the server: a call is a promise, a refusal an error with the server's stable code. */

import { io, type Socket } from "socket.io-client";

import type { Calls, Pushes } from "./messages.js";

const PATIENCE_MS = 10_000;

/** A refusal by the server, or its silence (`unavailable`). */
export class SignalingError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean,
  ) {
    super(message);
    this.name = "SignalingError";
  }
}

type Answer<T> = T | { error: { code: string; message: string; retryable: boolean } };

export class Signaling {
  readonly #socket: Socket = io({ transports: ["websocket"], autoConnect: false, reconnectionDelayMax: 2_000 });

  connect(): void {
    this.#socket.connect();
  }

  close(): void {
    this.#socket.disconnect();
  }

  onConnected(listener: () => void): void {
    this.#socket.on("connect", listener);
  }

  onLost(listener: () => void): void {
    this.#socket.on("disconnect", listener);
    this.#socket.on("connect_error", listener);
  }

  on<E extends keyof Pushes>(event: E, listener: Pushes[E]): void {
    this.#socket.on(event as string, listener);
  }

  async call<E extends keyof Calls>(event: E, request: Calls[E][0]): Promise<Calls[E][1]> {
    let answer: Answer<Calls[E][1]>;
    try {
      answer = (await this.#socket.timeout(PATIENCE_MS).emitWithAck(event, request)) as Answer<Calls[E][1]>;
    } catch {
      throw new SignalingError("unavailable", "The server does not answer.", true);
    }
    if ("error" in answer) {
      throw new SignalingError(answer.error.code, answer.error.message, answer.error.retryable);
    }
    return answer;
  }
}
