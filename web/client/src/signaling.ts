/** A namespace of the connection: requests as promises, refusals as CallErrors with the server's code. */

import type { Connection, Taken } from "./connection.ts";
import { CallError } from "./errors.ts";
import type { ErrorReply, Pushes, Requests } from "./generated/messages.ts";

const REQUEST_TIMEOUT_MS = 10_000;
const RECONNECT_AFTER_MS = 1_000;

/** As Socket.IO declares it. */
type Listener = (...values: any[]) => void;

/** `R` has the request and the acknowledgement of each event, `P` the pushes: those of the rooms by default. */
export class Signaling<R extends { [E in keyof R]: [unknown, unknown] } = Requests, P = Pushes> {
  readonly #listeners: [event: string, listener: Listener][] = [];
  #taken: Taken | undefined;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /**
   * Does not connect yet.
   *
   * @param connection - The connection to the server.
   * @param namespace - The namespace of the events.
   * @param auth - Sent when the namespace is opened.
   */
  constructor(
    private readonly connection: Connection,
    private readonly namespace = "/",
    private readonly auth: Record<string, string> = {},
  ) {}

  get connected(): boolean {
    return this.#taken?.socket.connected ?? false;
  }

  /** Connects as soon as nobody else uses the namespace. To be called once; after a loss the socket reconnects by itself. */
  async connect(): Promise<void> {
    const taken = await this.connection.take(this.namespace);
    if (this.#closed) return taken.release();
    this.#taken = taken;
    taken.socket.auth = (send) => void this.#sendAuth(send);
    taken.socket.on("tokenExpiring", this.#refreshToken);
    for (const [event, listener] of this.#listeners) taken.socket.on(event, listener);
    taken.socket.connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#reconnectTimer);
    const taken = this.#taken;
    this.#taken = undefined;
    if (!taken) return;
    for (const [event, listener] of this.#listeners) taken.socket.off(event, listener);
    taken.socket.off("tokenExpiring", this.#refreshToken);
    taken.socket.disconnect();
    taken.release();
  }

  /** The listeners of this and the following functions are added before `connect`. */
  onConnected(listener: () => void): void {
    this.#listen("connect", listener);
  }

  /**
   * Calls `listener` when the socket is lost and when an attempt to connect fails. The socket retries without a limit, unless
   * `refusal` says that the server refuses this client for good.
   */
  onDisconnected(listener: (refusal?: CallError) => void): void {
    this.#listen("disconnect", (reason: string) => {
      listener();
      // Socket.IO does not reconnect after a disconnect by the server. The delay keeps clients from flooding it.
      if (reason === "io server disconnect") this.#reconnectLater();
    });
    this.#listen("connect_error", (error: Error & { data?: ErrorReply }) => {
      // A socket that is still active could not reach the server, and tries again by itself.
      const refusal = this.#taken?.socket.active ? undefined : refused(error);
      listener(refusal?.retryable ? undefined : refusal);
      if (refusal?.retryable) this.#reconnectLater();
    });
  }

  on<E extends keyof P>(event: E, listener: (push: P[E]) => void): void {
    this.#listen(event as string, listener);
  }

  /**
   * Sends a request and returns its acknowledgement. Requests are not queued while the socket is disconnected.
   *
   * @throws CallError with the server's code, or `unreachable` without a connection or an answer within 10 s.
   */
  request<E extends keyof R>(event: E, request: R[E][0]): Promise<R[E][1]> {
    return this.#ask(event as string, request);
  }

  async #ask<Answer>(event: string, request: unknown): Promise<Answer> {
    const socket = this.#taken?.socket;
    if (!socket?.connected) throw unreachable();
    let answer: Answer | ErrorReply;
    try {
      answer = (await socket.timeout(REQUEST_TIMEOUT_MS).emitWithAck(event, request)) as Answer | ErrorReply;
    } catch (error) {
      throw unreachable(error);
    }
    if (isError(answer)) throw CallError.ofReply(answer);
    return answer;
  }

  /** Opens the namespace with a new token. Tries again later while the application has none. */
  async #sendAuth(send: (auth: object) => void): Promise<void> {
    const { token } = this.connection;
    if (!token) return send(this.auth);
    try {
      send({ ...this.auth, token: await token() });
    } catch {
      this.#taken?.socket.disconnect();
      if (!this.#closed) this.#reconnectLater();
    }
  }

  /** A failure does no harm: when the token has expired, the server closes the socket, which is opened with a new one. */
  readonly #refreshToken = async (): Promise<void> => {
    try {
      await this.#ask("refreshToken", { token: await this.connection.token?.() });
    } catch {
      // See above.
    }
  };

  #listen(event: string, listener: Listener): void {
    this.#listeners.push([event, listener]);
  }

  #reconnectLater(): void {
    this.#reconnectTimer = setTimeout(() => this.#taken?.socket.connect(), RECONNECT_AFTER_MS);
  }
}

export function unreachable(cause?: unknown): CallError {
  return new CallError("unreachable", "The server does not answer.", true, cause);
}

function isError(answer: unknown): answer is ErrorReply {
  return (answer as Partial<ErrorReply>).error !== undefined;
}

function refused({ message, data }: Error & { data?: ErrorReply }): CallError {
  return data ? CallError.ofReply(data) : new CallError("no_calls", `The server does not open this namespace: ${message}`);
}
