/** The session of a call with the server. It outlives its socket for a while: `start` resumes it on a new one. */

import type { Device } from "mediasoup-client";

import type { CallOptions } from "./callOptions.ts";
import { CallError } from "./errors.ts";
import type { RoomJoined, SessionResumed } from "./generated/messages.ts";
import type { LocalParticipant } from "./localParticipant.ts";
import type { Signaling } from "./signaling.ts";

export interface Started {
  readonly session: RoomJoined | SessionResumed;
  /** The same, if it is the session from before. */
  readonly resumed: SessionResumed | undefined;
}

export class Session {
  #resumeToken: string | undefined;
  #revision = 0;

  constructor(
    private readonly signaling: Signaling,
    private readonly device: Device,
    private readonly local: LocalParticipant,
    private readonly options: CallOptions,
  ) {}

  /**
   * Resumes the session, or joins the room if there is none or the server no longer has it.
   *
   * @param isCurrent - Whether the socket is still the one for which the session is started.
   * @param joining - Called before the room is joined: what belongs to the session before is void.
   * @throws CallError
   */
  async start(isCurrent: () => boolean, joining: () => void): Promise<Started> {
    const resumed = await this.#resume();
    if (!resumed) joining();
    const session = resumed ?? (await this.#joinRoom(isCurrent));
    if (isCurrent()) this.#resumeToken = session.resumeToken;
    return { session, resumed };
  }

  /** Everything up to this revision is known. */
  setRevision(revision: number): void {
    this.#revision = revision;
  }

  /** The server has lost the session: the next `start` joins. */
  forget(): void {
    this.#resumeToken = undefined;
  }

  /** Returns `undefined` if there is no session, or the server no longer has it. */
  async #resume(): Promise<SessionResumed | undefined> {
    if (this.#resumeToken === undefined) return undefined;
    try {
      return await this.signaling.request("resume", {
        resumeToken: this.#resumeToken,
        lastRevision: this.#revision,
        rtpCapabilities: { ...this.device.recvRtpCapabilities },
      });
    } catch (error) {
      if (CallError.of(error).retryable) throw error;
      this.#resumeToken = undefined;
      return undefined;
    }
  }

  async #joinRoom(isCurrent: () => boolean): Promise<RoomJoined> {
    const { device, local, options } = this;
    if (options.createRoom !== false || !device.loaded) {
      const { rtpCapabilities } = await this.signaling.request("createRoom", { callId: options.room });
      if (!device.loaded) await device.load({ routerRtpCapabilities: rtpCapabilities });
      // Joining now, after leave, would leave a peer in the room until the reconnect grace period expires.
      if (!isCurrent()) throw new CallError("cancelled", "The call was left before it was joined.");
    }
    return this.signaling.request("joinRoom", {
      callId: options.room,
      userId: local.userId,
      displayName: local.name,
      appData: { ...local.appData },
      rtpCapabilities: { ...device.recvRtpCapabilities },
      resumable: true,
      features: ["lobby", "makeBeforeBreak"],
      ...(options.region === undefined ? {} : { region: options.region }),
      ...(options.audience ? { audience: true } : {}),
    });
  }
}
