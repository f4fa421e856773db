/**
 * The other participants and their tracks, as the server reports them.
 *
 * - The server is the authority. A snapshot replaces the local state unconditionally.
 * - A user who rejoins with the same user id within {@link REJOIN_WINDOW_MS} keeps the participant object, and a publication
 *   object for each source.
 */

import type { NewProducer, PeerConnectionState, PeerInfo, PeerJoined } from "./generated/messages.ts";
import { RemoteParticipant } from "./participant.ts";
import type { Kind, Publication, Source } from "./publication.ts";
import type { Signaling } from "./signaling.ts";

/** How long a participant who left is remembered. */
export const REJOIN_WINDOW_MS = 15_000;

/** A remote producer. */
export interface RemoteTrack {
  readonly producerId: string;
  readonly participant: RemoteParticipant;
  readonly publication: Publication;
}

export interface RosterListener {
  joined(participant: RemoteParticipant): void;
  left(participant: RemoteParticipant, reason: string): void;
  /** A remote producer was added, removed or resumed. */
  tracksChanged(): void;
}

const SOURCES: Record<Kind, readonly Source[]> = {
  audio: ["microphone", "screen-audio"],
  video: ["camera", "screen"],
};

export class Roster {
  #participants: ReadonlyMap<string, RemoteParticipant> = new Map();
  readonly #byPeerId = new Map<string, RemoteParticipant>();
  readonly #tracks = new Map<string, RemoteTrack>();
  readonly #recentlyLeft = new Map<string, { participant: RemoteParticipant; at: number }>();
  readonly #previousPublications = new WeakMap<RemoteParticipant, Map<Source, Publication>>();

  /** @param now - Clock in milliseconds. */
  constructor(
    private readonly makePublication: (source: Source, kind: Kind) => Publication,
    private readonly listener: RosterListener,
    private readonly now: () => number,
  ) {}

  /** Follows the events about the other participants and their tracks. */
  listenTo(signaling: Signaling): void {
    signaling.on("peerJoined", (peer) => this.addPeer(peer));
    signaling.on("peerLeft", ({ peerId, reason }) => this.removePeer(peerId, reason));
    signaling.on("peerConnectionState", ({ peerId, state }) => this.setConnectionState(peerId, state));
    signaling.on("newProducer", (producer) => this.addProducer(producer));
    signaling.on("producerPaused", ({ producerId }) => this.setPaused(producerId, true));
    signaling.on("producerResumed", ({ producerId }) => this.setPaused(producerId, false));
  }

  /** By participant id, in the order in which they joined. Every change creates a new map. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#participants;
  }

  /** Returns the participant with this peer id. */
  participant(peerId: string): RemoteParticipant | undefined {
    return this.#byPeerId.get(peerId);
  }

  /** By producer id. */
  get tracks(): ReadonlyMap<string, RemoteTrack> {
    return this.#tracks;
  }

  /** Replaces the state with a snapshot of the server. */
  applySnapshot(peers: readonly PeerInfo[]): void {
    const present = new Set(peers.map(({ peerId }) => peerId));
    const gone = new Map([...this.#byPeerId].filter(([peerId]) => !present.has(peerId)));
    for (const peer of peers) {
      if (this.#byPeerId.has(peer.peerId)) continue;
      const [previousPeerId, participant] = [...gone].find(([, { userId }]) => userId === peer.userId) ?? [];
      if (!previousPeerId || !participant) continue;
      gone.delete(previousPeerId);
      this.#byPeerId.delete(previousPeerId);
      this.#byPeerId.set(peer.peerId, participant);
      participant.setPeerId(peer.peerId);
      participant.setProfile(peer.displayName, peer.appData);
    }
    for (const peerId of gone.keys()) this.removePeer(peerId, "disconnected");
    const producerIds = new Set(peers.flatMap(({ producers }) => producers.map(({ producerId }) => producerId)));
    for (const producerId of [...this.#tracks.keys()]) if (!producerIds.has(producerId)) this.removeProducer(producerId);
    for (const peer of peers) {
      this.addPeer(peer);
      this.setConnectionState(peer.peerId, peer.connectionState);
      this.#byPeerId.get(peer.peerId)?.setStanding(standing(peer));
      for (const producer of peer.producers) this.addProducer({ ...producer, peerId: peer.peerId });
    }
  }

  addPeer(peer: Pick<PeerJoined, "peerId" | "userId" | "displayName" | "appData" | "role" | "muted">): void {
    if (this.#byPeerId.has(peer.peerId)) return;
    const known = this.#takeRecentlyLeft(peer.userId);
    const participant = known ?? new RemoteParticipant(peer.peerId, peer.userId, peer.displayName, peer.appData);
    known?.setProfile(peer.displayName, peer.appData);
    participant.setPeerId(peer.peerId);
    participant.setConnected(true);
    participant.setStanding(standing(peer));
    this.#byPeerId.set(peer.peerId, participant);
    this.#participants = new Map(this.#participants).set(participant.id, participant);
    this.listener.joined(participant);
  }

  removePeer(peerId: string, reason: string): void {
    const participant = this.#byPeerId.get(peerId);
    if (!participant) return;
    for (const track of [...this.#tracks.values()]) if (track.participant === participant) this.removeProducer(track.producerId);
    this.#byPeerId.delete(peerId);
    const remaining = new Map(this.#participants);
    remaining.delete(participant.id);
    this.#participants = remaining;
    this.#recentlyLeft.set(participant.userId, { participant, at: this.now() });
    this.listener.left(participant, reason);
  }

  addProducer({ producerId, peerId, kind, paused, appData, source: named }: Omit<NewProducer, "revision" | "userId">): void {
    const participant = this.#byPeerId.get(peerId);
    if (!participant) return;
    const known = this.#tracks.get(producerId);
    if (known) return known.publication.setMuted(paused);
    if (kind === "other") return console.warn(`hubbub: ignoring a track of ${participant.name}: its kind is unknown`);
    const source = unusedSource(participant, kind, named ?? appData["source"]);
    if (!source) return console.warn(`hubbub: ignoring a track of ${participant.name}: more ${kind} tracks than sources`);
    const publication = this.#previousPublications.get(participant)?.get(source) ?? this.makePublication(source, kind);
    publication.setMuted(paused);
    this.#tracks.set(producerId, { producerId, participant, publication });
    participant.addPublication(publication);
    this.listener.tracksChanged();
  }

  removeProducer(producerId: string): void {
    const track = this.#tracks.get(producerId);
    if (!track) return;
    const { participant, publication } = track;
    this.#tracks.delete(producerId);
    const previous = this.#previousPublications.get(participant) ?? new Map<Source, Publication>();
    this.#previousPublications.set(participant, previous.set(publication.source, publication));
    participant.removePublication(publication);
    publication.setTrack(undefined);
    this.listener.tracksChanged();
  }

  /** Servers without this event, and states of newer servers, leave the participant connected. */
  setConnectionState(peerId: string, state: PeerConnectionState["state"] | undefined): void {
    this.#byPeerId.get(peerId)?.setConnected(state !== "disconnected");
  }

  setPaused(producerId: string, paused: boolean): void {
    this.#tracks.get(producerId)?.publication.setMuted(paused);
    // A standby may have left it out.
    if (!paused) this.listener.tracksChanged();
  }

  #takeRecentlyLeft(userId: string): RemoteParticipant | undefined {
    for (const [id, { at }] of this.#recentlyLeft) if (this.now() - at > REJOIN_WINDOW_MS) this.#recentlyLeft.delete(id);
    const participant = this.#recentlyLeft.get(userId)?.participant;
    this.#recentlyLeft.delete(userId);
    return participant;
  }
}

/** Returns the source that the server or `appData` names, else the first unused one of this kind; `undefined` when all are in use. */
function unusedSource(participant: RemoteParticipant, kind: Kind, named: unknown): Source | undefined {
  const unused = SOURCES[kind].filter((source) => !participant.publications.has(source));
  return unused.find((source) => source === named) ?? unused[0];
}

/** Servers without moderation tell nothing. */
function standing({ role, muted, handRaisedAt }: Pick<PeerInfo, "role" | "muted" | "handRaisedAt">) {
  return {
    role: role === "other" ? undefined : role,
    muted: new Set(muted?.filter((source) => source !== "other")),
    handRaisedAt,
  };
}
