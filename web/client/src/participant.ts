/** Participants of a call. Each keeps its object for the whole call, also across reconnects of either side. */

import { Emitter } from "./emitter.ts";
import type { Publication, Source } from "./publication.ts";

/** Connection quality; `unknown` until it is measured, and while the participant sends nothing. */
export type Quality = "unknown" | "excellent" | "good" | "poor" | "lost";

/** What a participant may do: moderate and send, send, or neither. */
export type Role = "moderator" | "speaker" | "listener";

/** What moderators have decided about a participant, and its raised hand. */
interface Standing {
  role: Role | undefined;
  muted: ReadonlySet<Source>;
  handRaisedAt: number | undefined;
}

export interface ParticipantEvents {
  published(publication: Publication): void;
  unpublished(publication: Publication): void;
}

export abstract class Participant extends Emitter<ParticipantEvents> {
  abstract readonly isLocal: boolean;
  #publications: ReadonlyMap<Source, Publication> = new Map();
  readonly #unsubscribes = new Map<Publication, () => void>();
  #speaking = false;
  #level = 0;
  #quality: Quality = "unknown";
  #connected = true;
  #peerId = "";
  #profile: { name: string; appData: object };
  #standing: Standing = { role: undefined, muted: new Set(), handRaisedAt: undefined };

  constructor(
    /** Does not change, also when the participant rejoins. */
    readonly id: string,
    /** The application's id of the user. */
    readonly userId: string,
    name: string,
    appData: object,
  ) {
    super();
    this.#profile = { name: plainName(name), appData };
  }

  /** Display name, without control characters. May change when the participant rejoins. */
  get name(): string {
    return this.#profile.name;
  }

  /** Data that the participant's application passed to `join`. May change when the participant rejoins. */
  get appData(): object {
    return this.#profile.appData;
  }

  /** The server's id of the participant. Changes when the participant rejoins. */
  get peerId(): string {
    return this.#peerId;
  }

  /** Publications by source. Every change creates a new map. */
  get publications(): ReadonlyMap<Source, Publication> {
    return this.#publications;
  }

  /** Whether the participant speaks, as the server reports it. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Level of the microphone while the participant speaks: 0, silence, to 1. */
  get level(): number {
    return this.#level;
  }

  /** `lost` while {@link connected} is false. */
  get quality(): Quality {
    return this.#connected ? this.#quality : "lost";
  }

  /**
   * Whether the server has a media connection with the participant; for the local participant, whether this client has its
   * connections with the server. A participant who sends nothing, or a picture that does not change, is connected.
   */
  get connected(): boolean {
    return this.#connected;
  }

  /** The role; `undefined` while it is not known. */
  get role(): Role | undefined {
    return this.#standing.role;
  }

  /** The sources that a moderator muted. Every change creates a new set. */
  get mutedByModerator(): ReadonlySet<Source> {
    return this.#standing.muted;
  }

  /** When the participant raised its hand, in milliseconds of the server's clock; `undefined`: it is not raised. */
  get handRaisedAt(): number | undefined {
    return this.#standing.handRaisedAt;
  }

  /** @internal */
  setStanding(changed: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...changed };
    this.notify();
  }

  /** @internal */
  setPeerId(peerId: string): void {
    this.#peerId = peerId;
  }

  /** @internal */
  setProfile(name: string, appData: object): void {
    this.#profile = { name: plainName(name), appData };
    this.notify();
  }

  /** @internal */
  setSpeaking(speaking: boolean, level: number): void {
    if (this.#speaking === speaking && Math.abs(this.#level - level) < 0.005) return;
    this.#speaking = speaking;
    this.#level = level;
    this.notify();
  }

  /** @internal */
  setQuality(quality: Quality): void {
    if (this.#quality === quality) return;
    this.#quality = quality;
    this.notify();
  }

  /** @internal */
  setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.notify();
  }

  /** @internal */
  addPublication(publication: Publication): void {
    this.#publications = new Map(this.#publications).set(publication.source, publication);
    this.#unsubscribes.set(publication, publication.subscribe(() => this.notify()));
    this.emit("published", publication);
    this.notify();
  }

  /** @internal */
  removePublication(publication: Publication): void {
    if (this.#publications.get(publication.source) !== publication) return;
    const remaining = new Map(this.#publications);
    remaining.delete(publication.source);
    this.#publications = remaining;
    this.#unsubscribes.get(publication)?.();
    this.#unsubscribes.delete(publication);
    this.emit("unpublished", publication);
    this.notify();
  }
}

/** A participant other than this client. */
export class RemoteParticipant extends Participant {
  readonly isLocal = false;
}

/** Removes what only misleads: characters that reverse the direction of text, so that one name looks like another, and controls. */
function plainName(name: string): string {
  return name.replace(/[\p{Bidi_Control}\p{Cc}]/gu, "");
}
