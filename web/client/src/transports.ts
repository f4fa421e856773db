/** The transports to one media node: at most one of each direction. Restarts ICE when their network path is lost. */

import type { types } from "mediasoup-client";

import { CallError } from "./errors.ts";
import type { HomeContext } from "./homeContext.ts";

export type Direction = "send" | "recv";
/** Where transports are made: on this client's media node, on the one to which it moves next, or on its standby. */
export type Target = "home" | "next" | "standby";
export type Transport = types.Transport;

export interface TransportsListener {
  /** A transport lost its network path. */
  disrupted(): void;
  /** A transport connected. */
  advanced(): void;
  /** A wanted transport was dropped. */
  syncNeeded(): void;
  /** The server has ended the move for which these transports were made. They stay. */
  moveEnded(): void;
  /** A transport was closed, with what it carried. */
  dropped(direction: Direction): void;
}

const ICE_RESTART_INTERVAL_MS = 3_000;
const DISRUPTED_STATES: ReadonlySet<string> = new Set(["disconnected", "failed"]);

export class Transports {
  readonly #transports = new Map<Direction, Transport>();
  readonly #restarting = new WeakSet<Transport>();
  #target: Target;
  #closed = false;

  /** @param target - Where they are made until this client has arrived there. */
  constructor(
    private readonly context: HomeContext,
    target: Target,
    private readonly listener: TransportsListener,
  ) {
    this.#target = target;
  }

  get(direction: Direction): Transport | undefined {
    return this.#transports.get(direction);
  }

  get all(): [Direction, Transport][] {
    return [...this.#transports];
  }

  /** Whether no transport is disrupted. */
  get areConnected(): boolean {
    return [...this.#transports.values()].every(({ connectionState }) => connectionState === "connected" || connectionState === "new");
  }

  /** This is the client's node now. */
  arrived(): void {
    this.#target = "home";
  }

  /**
   * Returns the transport of a direction, which is made when there is none.
   *
   * @param prepare - Called with a new transport.
   * @throws CallError
   */
  async open(direction: Direction, prepare: (transport: Transport) => void = () => {}): Promise<Transport> {
    const existing = this.#transports.get(direction);
    if (existing && !existing.closed) return existing;
    const { device, options } = this.context;
    const direct = this.#target === "standby" && options.standby !== "relay";
    const offer = (await this.#create(direction)) as unknown as types.TransportOptions;
    if (this.#closed) {
      this.closeOnServer(offer.id);
      throw new CallError("cancelled", "The transport is not needed any more.");
    }
    const settings = {
      ...offer,
      ...(options.iceTransportPolicy ? { iceTransportPolicy: options.iceTransportPolicy } : {}),
      // A browser allocates addresses of a TURN server even if it needs none.
      ...(direct ? { iceServers: [] } : {}),
    };
    const transport = direction === "send" ? device.createSendTransport(settings) : device.createRecvTransport(settings);
    this.#transports.set(direction, transport);
    transport.on("connect", ({ dtlsParameters }, done, failed) => {
      this.context.signaling.request("connectTransport", { transportId: transport.id, dtlsParameters }).then(done, (error: Error) => {
        // The server accepts this request once, and may have processed it. Replacing the transport is safe either way.
        failed(error);
        this.replace(transport.id);
      });
    });
    transport.on("connectionstatechange", (state) => {
      if (DISRUPTED_STATES.has(state)) {
        this.listener.disrupted();
        void this.#restartIce(transport);
      } else {
        this.listener.advanced();
      }
    });
    prepare(transport);
    return transport;
  }

  /** Closes a transport at both ends. What it carried is made again over another one. */
  replace(transportId: string): void {
    this.closeOnServer(transportId);
    if (this.closed(transportId)) this.listener.syncNeeded();
  }

  /** Closes a transport on the server: now, or when it can be reached again. */
  closeOnServer(transportId: string): void {
    const { transports } = this.context.closes;
    transports.add(transportId);
    void transports.perform();
  }

  directionOf(transportId: string): Direction | undefined {
    return [...this.#transports].find(([, { id }]) => id === transportId)?.[0];
  }

  /** The server has closed a transport. Returns its direction if it was one of these. */
  closed(transportId: string): Direction | undefined {
    const direction = this.directionOf(transportId);
    if (direction) this.drop(direction);
    return direction;
  }

  /** Closes a transport locally. */
  drop(direction: Direction): void {
    this.#transports.get(direction)?.close();
    this.#transports.delete(direction);
    this.listener.dropped(direction);
  }

  /** Closes all of them at both ends. None is made any more. */
  close(): void {
    this.#closed = true;
    for (const [direction, { id }] of this.all) {
      if (this.context.active) this.closeOnServer(id);
      this.drop(direction);
    }
  }

  /** The browser reports a network change: restarts ICE on disrupted transports. */
  networkChanged(): void {
    for (const transport of this.#transports.values()) {
      if (DISRUPTED_STATES.has(transport.connectionState)) void this.#restartIce(transport);
    }
  }

  async #create(direction: Direction): Promise<object> {
    const { signaling } = this.context;
    const target = this.#target;
    if (target === "home") return signaling.request("createTransport", { direction });
    try {
      const offer = await signaling.request("createTransport", { direction, home: target });
      if (target !== "standby" || offer.home === "standby") return offer;
      // Hubbub 0.1.0 ignores where a transport is to be: this one is in the home, and what it would carry is there already.
      this.closeOnServer(offer.id);
      throw new CallError("unknown_event", "The server has no standbys.");
    } catch (error) {
      if (target === "standby" || CallError.of(error).code !== "invalid_state") throw error;
      this.#target = "home";
      this.listener.moveEnded();
      return signaling.request("createTransport", { direction });
    }
  }

  /** Restarts ICE (RFC 8445 section 9) until the transport is connected or the server has closed it. */
  async #restartIce(transport: Transport): Promise<void> {
    if (this.#restarting.has(transport)) return;
    this.#restarting.add(transport);
    while (!transport.closed && DISRUPTED_STATES.has(transport.connectionState)) {
      if (this.context.active) {
        try {
          const { iceParameters, iceServers } = await this.context.signaling.request("restartIce", { transportId: transport.id });
          // The TURN credentials may have expired; the answer contains new ones.
          await transport.updateIceServers({ iceServers });
          await transport.restartIce({ iceParameters });
        } catch (error) {
          if (CallError.of(error).code === "not_found" && this.closed(transport.id)) return this.listener.syncNeeded();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, ICE_RESTART_INTERVAL_MS));
    }
    this.#restarting.delete(transport);
  }
}
