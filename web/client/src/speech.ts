/** Who speaks, as the server reports it. */

import type { PeerVolume } from "./generated/messages.ts";
import type { Participant } from "./participant.ts";

/** The server repeats the levels every 1.2 s while anybody speaks. */
const EXPIRY_MS = 3_000;

export class Speech {
  #active: Participant | undefined;
  #levels: ReadonlyMap<Participant, number> = new Map();
  #expiry: ReturnType<typeof setTimeout> | undefined;

  /** @param find - Returns the participant with a peer id, the local one included. */
  constructor(private readonly find: (peerId: string) => Participant | undefined) {}

  /** The participant who speaks or spoke last. */
  get active(): Participant | undefined {
    return this.#active;
  }

  /** The participants who speak, loudest first, and their levels: 0, silence, to 1. */
  get levels(): ReadonlyMap<Participant, number> {
    return this.#levels;
  }

  /** Returns whether another participant is active than before. */
  setActive(peerId: string): boolean {
    const participant = this.find(peerId);
    if (!participant || participant === this.#active) return false;
    this.#active = participant;
    return true;
  }

  setLevels(volumes: readonly PeerVolume[]): void {
    clearTimeout(this.#expiry);
    const levels = new Map<Participant, number>();
    for (const { peerId, volume } of volumes) {
      const participant = this.find(peerId);
      if (participant) levels.set(participant, levelOf(volume));
    }
    for (const participant of this.#levels.keys()) if (!levels.has(participant)) participant.setSpeaking(false, 0);
    for (const [participant, level] of levels) participant.setSpeaking(true, level);
    this.#levels = levels;
    if (levels.size > 0) this.#expiry = setTimeout(() => this.silence(), EXPIRY_MS);
  }

  /** Nobody speaks, as far as this client knows. */
  silence(): void {
    this.setLevels([]);
  }

  removed(participant: Participant): void {
    participant.setSpeaking(false, 0);
    if (this.#active === participant) this.#active = undefined;
  }
}

/** Returns the amplitude, 0 to 1, of a volume in dBov. */
function levelOf(volume: number): number {
  return 10 ** (volume / 20);
}
