/**
 * What moderators decide in the room, who waits in its lobby, and raised hands.
 *
 * - The server decides and enforces. This object shows what it has decided, and asks it to decide.
 * - A muted source stays muted until a moderator lifts that, also after a rejoin. Nobody else switches a microphone on: who is asked
 *   to unmute decides.
 */

import { Emitter } from "./emitter.ts";
import type { LobbyPeer, ModerationState } from "./generated/messages.ts";
import type { LocalParticipant } from "./localParticipant.ts";
import type { Participant, RemoteParticipant, Role } from "./participant.ts";
import type { Source } from "./publication.ts";
import type { Signaling } from "./signaling.ts";

export interface ModerationEvents {
  /** A moderator muted a source of this client. */
  muted(source: Source): void;
  /** A moderator asks this client to send a source again, which it may now. `askedBy` is the moderator's user id. */
  unmuteRequested(source: Source, askedBy: string | undefined): void;
  /** Somebody waits in the lobby. Moderators get this. */
  knocked(peer: LobbyPeer): void;
}

export class Moderation extends Emitter<ModerationEvents> {
  readonly #signaling: Signaling;
  readonly #local: LocalParticipant;
  #locked = false;
  #lobby = false;
  #waiting: readonly LobbyPeer[] = [];

  /**
   * @internal
   * @param find - Returns the participant with a peer id, the local one included.
   */
  constructor(signaling: Signaling, local: LocalParticipant, find: (peerId: string) => Participant | undefined) {
    super();
    this.#signaling = signaling;
    this.#local = local;
    signaling.on("peerMuted", ({ peerId, source, muted }) => this.#setMuted(find(peerId), source, muted));
    signaling.on("roleChanged", ({ peerId, role }) => this.#setRole(find(peerId), role));
    signaling.on("handRaised", ({ peerId, raisedAt }) => find(peerId)?.setStanding({ handRaisedAt: raisedAt }));
    signaling.on("handLowered", ({ peerId }) => find(peerId)?.setStanding({ handRaisedAt: undefined }));
    signaling.on("unmuteRequested", ({ source, askedBy }) => {
      if (source !== "other") this.emit("unmuteRequested", source, askedBy);
    });
    signaling.on("roomAccessChanged", ({ locked, lobby }) => this.#setAccess(locked, lobby));
    signaling.on("lobbyPeerJoined", ({ peer }) => {
      this.#setWaiting([...this.#waiting.filter(({ peerId }) => peerId !== peer.peerId), peer]);
      this.emit("knocked", peer);
    });
    signaling.on("lobbyPeerLeft", (left) => this.#setWaiting(this.#waiting.filter(({ peerId }) => peerId !== left.peerId)));
  }

  /** Whether this client is a moderator: it may use the methods that say so. */
  get isModerator(): boolean {
    return this.#local.role === "moderator";
  }

  /** Whether nobody new may join. */
  get locked(): boolean {
    return this.#locked;
  }

  /** Whether who joins waits until a moderator admits them. */
  get lobby(): boolean {
    return this.#lobby;
  }

  /** Who waits in the lobby, for moderators. Every change creates a new array. */
  get waiting(): readonly LobbyPeer[] {
    return this.#waiting;
  }

  /**
   * Mutes a source of a participant, for moderators: whatever the user sends of it, until {@link unmute}.
   *
   * @throws CallError `not_allowed`, `not_found`.
   */
  async mute(participant: Participant, source: Source): Promise<void> {
    await this.#signaling.request("mutePeer", { peerId: participant.peerId, source });
  }

  /** Lifts a mute, and asks the participant to send the source again, for moderators. */
  async unmute(participant: Participant, source: Source): Promise<void> {
    await this.#signaling.request("unmutePeer", { peerId: participant.peerId, source });
  }

  /** Stops a source of a participant, such as a shared screen, for moderators. The participant may start it again. */
  async stop(participant: Participant, source: Source): Promise<void> {
    await this.#signaling.request("stopPeerSource", { peerId: participant.peerId, source });
  }

  /** Removes a participant, for moderators. With `ban`, its user may not join again until the room ends. */
  async remove(participant: RemoteParticipant | LobbyPeer, options: { ban?: boolean } = {}): Promise<void> {
    await this.#signaling.request("removePeer", { peerId: participant.peerId, ban: options.ban ?? false });
  }

  /** Locks or unlocks the room, for moderators: nobody new may join a locked one. */
  async setLocked(locked: boolean): Promise<void> {
    await this.#signaling.request("lockRoom", { locked });
  }

  /** Switches the lobby on or off, for moderators. Switching it off admits everybody who waits. */
  async setLobby(enabled: boolean): Promise<void> {
    await this.#signaling.request("setLobby", { enabled });
  }

  /**
   * Admits somebody from the lobby, for moderators.
   *
   * @throws CallError `not_found` if they have left, `quota_exceeded` if the room is full.
   */
  async admit(peer: LobbyPeer): Promise<void> {
    await this.#signaling.request("admitPeer", { peerId: peer.peerId });
  }

  /** Refuses somebody in the lobby, for moderators. */
  async refuse(peer: LobbyPeer): Promise<void> {
    await this.#signaling.request("refusePeer", { peerId: peer.peerId });
  }

  /** Gives a participant another role, for moderators, until the room ends. */
  async setRole(participant: Participant, role: Role): Promise<void> {
    await this.#signaling.request("setRole", { peerId: participant.peerId, role });
  }

  /** Ends the call for everybody, for moderators. */
  async closeRoom(): Promise<void> {
    await this.#signaling.request("closeRoom", {});
  }

  /** Raises the own hand. */
  async raiseHand(): Promise<void> {
    await this.#signaling.request("raiseHand", {});
  }

  /** Lowers the own hand; for moderators, also that of another participant. */
  async lowerHand(participant: Participant = this.#local): Promise<void> {
    await this.#signaling.request("lowerHand", { peerId: participant.peerId });
  }

  /** @internal Replaces the state with a snapshot; `undefined`: of a server that has no moderation, or of its lobby. */
  applySnapshot(state: ModerationState | undefined): void {
    const muted = new Set(state?.muted.filter((source) => source !== "other"));
    const role = state?.role === "other" ? undefined : state?.role;
    this.#local.setStanding({ role, muted, handRaisedAt: state?.handRaisedAt });
    for (const source of muted) this.#local.silence(source);
    this.#setAccess(state?.locked ?? false, state?.lobby ?? false);
    this.#setWaiting(state?.waiting ?? []);
  }

  #setMuted(participant: Participant | undefined, source: Source | "other", muted: boolean): void {
    if (!participant || source === "other") return;
    const sources = new Set(participant.mutedByModerator);
    if (muted) sources.add(source);
    else sources.delete(source);
    participant.setStanding({ muted: sources });
    if (!muted || participant !== this.#local) return;
    this.#local.silence(source);
    this.emit("muted", source);
  }

  #setRole(participant: Participant | undefined, role: Role | "other"): void {
    if (!participant || role === "other") return;
    participant.setStanding({ role });
    if (participant !== this.#local) return;
    if (role !== "moderator") this.#setWaiting([]);
    this.notify();
  }

  #setAccess(locked: boolean, lobby: boolean): void {
    this.#locked = locked;
    this.#lobby = lobby;
    this.notify();
  }

  #setWaiting(waiting: readonly LobbyPeer[]): void {
    this.#waiting = waiting;
    this.notify();
  }
}
