/**
 * Who else is in the room and what they send: what the server says, as objects that stay.
 *
 * Rules
 * - The server says who is here; this only follows, and a snapshot is adopted unconditionally.
 * - Somebody who comes back within {@link KEPT_MS}, by the same user id, is the same object; so is what they send of one
 *   source.
 */

import type { NewProducer, PeerInfo, PeerJoined, ProducerInfo } from "./generated/messages.ts";
import { RemoteParticipant } from "./participant.ts";
import type { Kind, Publication, Source } from "./publication.ts";

/** How long somebody who left is remembered. */
export const KEPT_MS = 15_000;

/** A producer of somebody else's. */
export interface RemoteTrack {
  readonly producerId: string;
  readonly participant: RemoteParticipant;
  readonly publication: Publication;
}

export interface RosterListener {
  joined(participant: RemoteParticipant): void;
  left(participant: RemoteParticipant, reason: string): void;
  /** Somebody sends something new, or does not any more. */
  tracksChanged(): void;
}

const SOURCES: Record<Kind, readonly Source[]> = {
  audio: ["microphone", "screen-audio"],
  video: ["camera", "screen"],
};

export class Roster {
  #participants: ReadonlyMap<string, RemoteParticipant> = new Map();
  readonly #byPeer = new Map<string, RemoteParticipant>();
  readonly #tracks = new Map<string, RemoteTrack>();
  readonly #departed = new Map<string, { participant: RemoteParticipant; at: number }>();
  readonly #former = new WeakMap<RemoteParticipant, Map<Source, Publication>>();

  constructor(
    private readonly makePublication: (source: Source, kind: Kind) => Publication,
    private readonly listener: RosterListener,
    private readonly now: () => number,
  ) {}

  /** By the participant's id, in order of arrival; a new map after each change. */
  get participants(): ReadonlyMap<string, RemoteParticipant> {
    return this.#participants;
  }

  get tracks(): ReadonlyMap<string, RemoteTrack> {
    return this.#tracks;
  }

  /** Makes everything equal to what the server says. */
  adopt(peers: readonly PeerInfo[]): void {
    const here = new Set(peers.map(({ peerId }) => peerId));
    const gone = new Map([...this.#byPeer].filter(([peerId]) => !here.has(peerId)));
    for (const peer of peers) {
      if (this.#byPeer.has(peer.peerId)) continue;
      const [formerId, same] = [...gone].find(([, { userId }]) => userId === peer.userId) ?? [];
      if (!formerId || !same) continue;
      gone.delete(formerId);
      this.#byPeer.delete(formerId);
      this.#byPeer.set(peer.peerId, same);
      same.setPeerId(peer.peerId);
      same.setProfile(peer.displayName, peer.appData);
    }
    for (const peerId of gone.keys()) this.remove(peerId, "disconnected");
    const sent = new Set(peers.flatMap(({ producers }) => producers.map(({ producerId }) => producerId)));
    for (const producerId of [...this.#tracks.keys()]) if (!sent.has(producerId)) this.removeProducer(producerId);
    for (const peer of peers) {
      this.add(peer);
      for (const producer of peer.producers) this.addProducer({ ...producer, peerId: peer.peerId });
    }
  }

  add(peer: Pick<PeerJoined, "peerId" | "userId" | "displayName" | "appData">): void {
    if (this.#byPeer.has(peer.peerId)) return;
    const former = this.#returning(peer.userId);
    const participant = former ?? new RemoteParticipant(peer.peerId, peer.userId, peer.displayName, peer.appData);
    former?.setProfile(peer.displayName, peer.appData);
    participant.setPeerId(peer.peerId);
    this.#byPeer.set(peer.peerId, participant);
    this.#participants = new Map(this.#participants).set(participant.id, participant);
    this.listener.joined(participant);
  }

  remove(peerId: string, reason: string): void {
    const participant = this.#byPeer.get(peerId);
    if (!participant) return;
    for (const track of [...this.#tracks.values()]) if (track.participant === participant) this.removeProducer(track.producerId);
    this.#byPeer.delete(peerId);
    const left = new Map(this.#participants);
    left.delete(participant.id);
    this.#participants = left;
    this.#departed.set(participant.userId, { participant, at: this.now() });
    this.listener.left(participant, reason);
  }

  addProducer({ producerId, peerId, kind, paused, appData }: Omit<NewProducer, "revision" | "userId">): void {
    const participant = this.#byPeer.get(peerId);
    if (!participant) return;
    const known = this.#tracks.get(producerId);
    if (known) return known.publication.setMuted(paused);
    const source = freeSource(participant, kind, appData);
    if (!source) return console.warn(`hubbub: ${participant.name} sends more tracks of ${kind} than can be shown`);
    const publication = this.#former.get(participant)?.get(source) ?? this.makePublication(source, kind);
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
    const former = this.#former.get(participant) ?? new Map<Source, Publication>();
    this.#former.set(participant, former.set(publication.source, publication));
    participant.removePublication(publication);
    publication.setTrack(undefined);
    this.listener.tracksChanged();
  }

  setPaused(producerId: string, paused: boolean): void {
    this.#tracks.get(producerId)?.publication.setMuted(paused);
  }

  #returning(userId: string): RemoteParticipant | undefined {
    for (const [id, { at }] of this.#departed) if (this.now() - at > KEPT_MS) this.#departed.delete(id);
    const participant = this.#departed.get(userId)?.participant;
    this.#departed.delete(userId);
    return participant;
  }
}

/** What the client says it is, else the first of its kind that is free; `undefined` when all are taken. */
function freeSource(participant: RemoteParticipant, kind: Kind, appData: ProducerInfo["appData"]): Source | undefined {
  const free = SOURCES[kind].filter((source) => !participant.publications.has(source));
  return free.find((source) => source === appData["source"]) ?? free[0];
}
