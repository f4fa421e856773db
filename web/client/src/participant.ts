/** Who is in the call: the same object for as long as somebody is, also across reconnects of either side. */

import { Emitter } from "./emitter.ts";
import type { Publication, Source } from "./publication.ts";

export type Quality = "unknown" | "excellent" | "good" | "poor" | "lost";

export interface ParticipantEvents {
  published(publication: Publication): void;
  unpublished(publication: Publication): void;
}

export abstract class Participant extends Emitter<ParticipantEvents> {
  abstract readonly isLocal: boolean;
  #publications: ReadonlyMap<Source, Publication> = new Map();
  #unwatch = new Map<Publication, () => void>();
  #speaking = false;
  #level = 0;
  #quality: Quality = "unknown";
  #peerId = "";
  #profile: { name: string; appData: object };

  constructor(
    /** Stable for the object's life. */
    readonly id: string,
    readonly userId: string,
    name: string,
    appData: object,
  ) {
    super();
    this.#profile = { name, appData };
  }

  /** Shown to the others; somebody who comes back may have another. */
  get name(): string {
    return this.#profile.name;
  }

  get appData(): object {
    return this.#profile.appData;
  }

  /** The server's id, which changes when somebody joins again. */
  get peerId(): string {
    return this.#peerId;
  }

  /** By source; a new map after each change. */
  get publications(): ReadonlyMap<Source, Publication> {
    return this.#publications;
  }

  get speaking(): boolean {
    return this.#speaking;
  }

  /** Loudness, 0 to 1. */
  get level(): number {
    return this.#level;
  }

  get quality(): Quality {
    return this.#quality;
  }

  /** @internal */
  setPeerId(peerId: string): void {
    this.#peerId = peerId;
  }

  /** @internal */
  setProfile(name: string, appData: object): void {
    this.#profile = { name, appData };
    this.touch();
  }

  /** @internal */
  setSpeaking(speaking: boolean, level: number): void {
    if (this.#speaking === speaking && Math.abs(this.#level - level) < 0.005) return;
    this.#speaking = speaking;
    this.#level = level;
    this.touch();
  }

  /** @internal */
  setQuality(quality: Quality): void {
    if (this.#quality === quality) return;
    this.#quality = quality;
    this.touch();
  }

  /** @internal */
  addPublication(publication: Publication): void {
    this.#publications = new Map(this.#publications).set(publication.source, publication);
    this.#unwatch.set(publication, publication.subscribe(() => this.touch()));
    this.emit("published", publication);
    this.touch();
  }

  /** @internal */
  removePublication(publication: Publication): void {
    if (this.#publications.get(publication.source) !== publication) return;
    const left = new Map(this.#publications);
    left.delete(publication.source);
    this.#publications = left;
    this.#unwatch.get(publication)?.();
    this.#unwatch.delete(publication);
    this.emit("unpublished", publication);
    this.touch();
  }
}

export class RemoteParticipant extends Participant {
  readonly isLocal = false;
}
