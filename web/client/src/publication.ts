/** A track that a participant publishes. Keeps its object while its producer, consumer or transport is replaced. */

import { Attachments } from "./attachments.ts";
import { Emitter } from "./emitter.ts";
import type { ConsumerLayers, PreferredLayers } from "./generated/messages.ts";
import { spatialLayerFor } from "./layerSelection.ts";
import { play, switchTrack } from "./trackSwitch.ts";

/** The source of a track. Sent as `source` in the producer's `appData`; derived from the kind if another client omits it. */
export type Source = "camera" | "microphone" | "screen" | "screen-audio";

export type Kind = "audio" | "video";

/**
 * The remote tracks to receive: `all`; `visible`, which receives a video only while an attached element is in the viewport of a
 * visible tab, in the lowest layer that fills the element, and all audio; or `manual`, which receives those that the application
 * subscribes to.
 */
export type SubscribeMode = "visible" | "all" | "manual";

export interface PublicationEvents {
  /** This client receives other layers of a remote video than before; `undefined`: none. */
  layersChanged(layers?: ConsumerLayers): void;
}

/** Resizing a window changes sizes many times; each change of the layer costs a key frame. */
const RESIZE_SETTLES_MS = 300;

export class Publication extends Emitter<PublicationEvents> {
  #track: MediaStreamTrack | undefined;
  #muted = false;
  #subscribed: boolean;
  #preferredLayers: PreferredLayers | undefined;
  #currentLayers: ConsumerLayers | undefined;
  #pausedByBandwidth = false;
  #unreachable = false;
  #score = 10;
  /** Number of spatial layers that the sender offers. */
  #spatialLayers = 1;
  /** The spatial layer that the attached elements need; `undefined`: not known. */
  #neededLayer: number | undefined;
  #resizing: ReturnType<typeof setTimeout> | undefined;
  readonly #attachments: Attachments;

  /** @internal */
  constructor(
    readonly source: Source,
    readonly kind: Kind,
    private readonly mode: SubscribeMode,
    private readonly wantedChanged: () => Promise<void>,
  ) {
    super();
    this.#subscribed = mode !== "manual";
    this.#attachments = new Attachments(mode === "visible" && kind === "video", () => {
      this.#chooseLayerSoon();
      void this.wantedChanged();
    });
  }

  /** `undefined` while the track is not received. */
  get track(): MediaStreamTrack | undefined {
    return this.#track;
  }

  /** Whether the sender has paused the track. */
  get muted(): boolean {
    return this.#muted;
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  /** The argument of the last {@link setPreferredLayers}; `undefined`: no limit. */
  get preferredLayers(): PreferredLayers | undefined {
    return this.#preferredLayers;
  }

  /** The layers of a remote video that this client receives; `undefined`: none, or the video has no layers. */
  get currentLayers(): ConsumerLayers | undefined {
    return this.#currentLayers;
  }

  /** Whether the server sends nothing of a remote video, because not even its lowest layer fits into this client's bandwidth. */
  get pausedByBandwidth(): boolean {
    return this.#pausedByBandwidth;
  }

  /**
   * Whether nothing of a remote track arrives because its sender is connected to a media node that cannot be reached from this client's. It is
   * received again by itself once the nodes reach each other.
   */
  get unreachable(): boolean {
    return this.#unreachable;
  }

  /**
   * How well the server receives a local track, or how well a remote one gets from its sender to this client: 0, the worst, to 10.
   * The server judges the last seconds by loss and repair (`participant.quality` is what this client measures itself).
   */
  get score(): number {
    return this.#score;
  }

  /** Whether this client wants to receive packets now: subscribed, and visible in `visible` mode. */
  get wanted(): boolean {
    if (!this.#subscribed) return false;
    if (this.mode !== "visible" || this.kind === "audio") return true;
    return this.#attachments.anyVisible;
  }

  /** The highest layers to receive: those that the application prefers, at most those that the elements need. */
  get wantedLayers(): PreferredLayers | undefined {
    const preferred = this.#preferredLayers;
    if (this.#neededLayer === undefined) return preferred;
    return { ...preferred, spatialLayer: Math.min(preferred?.spatialLayer ?? this.#neededLayer, this.#neededLayer) };
  }

  /** @internal The size of the largest visible element, in device pixels; 0: not known. */
  get shownArea(): number {
    return this.#attachments.largestArea;
  }

  /** Starts or stops receiving a remote track. */
  async setSubscribed(on: boolean): Promise<void> {
    if (this.#subscribed === on) return;
    this.#subscribed = on;
    this.notify();
    await this.wantedChanged();
  }

  /**
   * Limits the layers of a remote video that this client receives. Keeps the limit while the track is replaced. No effect on
   * videos without layers, and with servers that do not select layers.
   *
   * @param layers - The highest layers to receive, from 0, the lowest, to 255: `spatialLayer`, which is the encoding of simulcast,
   * and `temporalLayer`, all of them when absent. A number beyond the highest layer means that one.
   */
  async setPreferredLayers(layers: PreferredLayers): Promise<void> {
    const { spatialLayer, temporalLayer } = this.#preferredLayers ?? {};
    if (layers.spatialLayer === spatialLayer && layers.temporalLayer === temporalLayer) return;
    this.#preferredLayers = { ...layers };
    this.notify();
    await this.wantedChanged();
  }

  /** Plays the track in `element`, also after the track is replaced. Returns a function that detaches the element. */
  attach(element: HTMLMediaElement): () => void {
    const remove = this.#attachments.add(element);
    void play(element, this.#track);
    void this.wantedChanged();
    return remove;
  }

  /** Detaches all elements and returns them. */
  detachAll(): HTMLMediaElement[] {
    const { elements } = this.#attachments;
    for (const element of elements) this.#attachments.remove(element);
    return elements;
  }

  /** @internal */
  setTrack(track: MediaStreamTrack | undefined): void {
    if (this.#track === track) return;
    this.#track = track;
    for (const element of this.#attachments.elements) void play(element, track);
    this.notify();
  }

  /** @internal Like {@link setTrack}, without a gap: both tracks deliver the same. Resolves when no element needs the previous one. */
  async continueWith(track: MediaStreamTrack): Promise<void> {
    const previous = this.#track;
    if (!previous) return this.setTrack(track);
    this.#track = track;
    this.notify();
    await switchTrack(this.#attachments.elements, previous, track);
  }

  /** @internal */
  setPausedByBandwidth(paused: boolean): void {
    if (this.#pausedByBandwidth === paused) return;
    this.#pausedByBandwidth = paused;
    this.notify();
  }

  /** @internal */
  setUnreachable(unreachable: boolean): void {
    if (this.#unreachable === unreachable) return;
    this.#unreachable = unreachable;
    this.notify();
  }

  /** @internal */
  setScore(score: number): void {
    if (this.#score === score) return;
    this.#score = score;
    this.notify();
  }

  /** @internal */
  setCurrentLayers(layers: ConsumerLayers | undefined): void {
    const { spatialLayer, temporalLayer } = this.#currentLayers ?? {};
    if (layers?.spatialLayer === spatialLayer && layers?.temporalLayer === temporalLayer) return;
    this.#currentLayers = layers;
    this.#chooseLayerSoon();
    this.notify();
    this.emit("layersChanged", layers);
  }

  /** @internal */
  setSpatialLayers(count: number): void {
    this.#spatialLayers = count;
    this.#chooseLayerSoon();
  }

  /** @internal */
  setMuted(muted: boolean): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.notify();
  }

  #chooseLayerSoon(): void {
    if (this.#spatialLayers < 2) return;
    clearTimeout(this.#resizing);
    this.#resizing = setTimeout(() => this.#chooseLayer(), RESIZE_SETTLES_MS);
  }

  #chooseLayer(): void {
    const sizes = this.#attachments.largest;
    if (!sizes || !this.#currentLayers) return;
    const layer = spatialLayerFor(sizes.shown, sizes.received, this.#currentLayers.spatialLayer, this.#spatialLayers);
    if (layer === this.#neededLayer) return;
    this.#neededLayer = layer;
    void this.wantedChanged();
  }
}
