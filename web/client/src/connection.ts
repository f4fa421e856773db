/** A connection to a Hubbub server: one WebSocket for the namespace of the rooms and that of ringing. */

import { Manager, type Socket } from "socket.io-client";

/** Returns an access token that is valid now. Called for each attempt to connect, and before the last token expires. */
export type TokenSource = () => Promise<string>;

/** The right to use a namespace. */
export interface Taken {
  readonly socket: Socket;
  /** Lets the next user take the namespace. */
  release(): void;
}

/**
 * Opens when the first namespace connects, and closes when the last one disconnects. A namespace has one user at a time: a
 * call waits until the call before it has left.
 */
export class Connection {
  readonly #manager: Manager;
  /** By namespace: settles when its last user has released it. */
  readonly #released = new Map<string, Promise<void>>();

  /**
   * Does not connect yet.
   *
   * @param url - Origin of the server; the page's own origin when undefined.
   * @param path - Path of the server on its origin.
   * @param token - The user's access tokens; undefined for a server without them.
   */
  constructor(
    url?: string,
    path = "/",
    readonly token?: TokenSource,
  ) {
    const options = {
      path: `${path.replace(/\/+$/, "")}/socket.io/`,
      transports: ["websocket"],
      autoConnect: false,
      reconnectionDelay: 300,
      reconnectionDelayMax: 2_000,
    };
    this.#manager = url === undefined ? new Manager(options) : new Manager(url, options);
  }

  /** Resolves when all who took the namespace before have released it. */
  take(namespace: string): Promise<Taken> {
    const before = this.#released.get(namespace) ?? Promise.resolve();
    return new Promise((resolve) => {
      const released = before.then(() => new Promise<void>((release) => resolve({ socket: this.#manager.socket(namespace), release })));
      this.#released.set(namespace, released);
    });
  }
}
