/** A track that a participant publishes. Keeps its object while its producer, consumer or transport is replaced. */

import { Emitter } from "./emitter.ts";
import type { ConsumerLayers, PreferredLayers } from "./generated/messages.ts";
import { observeVisibility } from "./visibility.ts";

/** The source of a track. Sent as `source` in the producer's `appData`; derived from the kind if another client omits it. */
export type Source = "camera" | "microphone" | "screen" | "screen-audio";

export type Kind = "audio" | "video";

/**
 * The remote tracks to receive: `all`; `visible`, which receives a video only while an attached element is in the viewport,
 * and all audio; or `manual`, which receives those that the application subscribes to.
 */
export type SubscribeMode = "visible" | "all" | "manual";

export interface PublicationEvents {
  /** This client receives other layers of a remote video than before; `undefined`: none. */
  layersChanged(layers?: ConsumerLayers): void;
}

export class Publication extends Emitter<PublicationEvents> {
  #track: MediaStreamTrack | undefined;
  #muted = false;
  #subscribed: boolean;
  #preferredLayers: PreferredLayers | undefined;
  #currentLayers: ConsumerLayers | undefined;
  readonly #elements = new Map<HTMLMediaElement, { visible: boolean; unobserve: () => void }>();

  /** @internal */
  constructor(
    readonly source: Source,
    readonly kind: Kind,
    private readonly mode: SubscribeMode,
    private readonly wantedChanged: () => Promise<void>,
  ) {
    super();
    this.#subscribed = mode !== "manual";
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

  /** Whether this client wants to receive packets now: subscribed, and visible in `visible` mode. */
  get wanted(): boolean {
    if (!this.#subscribed) return false;
    if (this.mode !== "visible" || this.kind === "audio") return true;
    return [...this.#elements.values()].some(({ visible }) => visible);
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
    const attachment = { visible: true, unobserve: () => {} };
    this.#elements.set(element, attachment);
    if (this.mode === "visible" && this.kind === "video") {
      attachment.unobserve = observeVisibility(element, (visible) => {
        attachment.visible = visible;
        void this.wantedChanged();
      });
    }
    this.#play(element);
    void this.wantedChanged();
    return () => {
      attachment.unobserve();
      if (this.#elements.get(element) !== attachment) return;
      this.#elements.delete(element);
      element.srcObject = null;
      void this.wantedChanged();
    };
  }

  /** Detaches all elements and returns them. */
  detachAll(): HTMLMediaElement[] {
    const elements = [...this.#elements.keys()];
    for (const [element, { unobserve }] of this.#elements) {
      unobserve();
      element.srcObject = null;
    }
    this.#elements.clear();
    void this.wantedChanged();
    return elements;
  }

  /** @internal */
  setTrack(track: MediaStreamTrack | undefined): void {
    if (this.#track === track) return;
    this.#track = track;
    for (const element of this.#elements.keys()) this.#play(element);
    this.notify();
  }

  /** @internal */
  setCurrentLayers(layers: ConsumerLayers | undefined): void {
    const { spatialLayer, temporalLayer } = this.#currentLayers ?? {};
    if (layers?.spatialLayer === spatialLayer && layers?.temporalLayer === temporalLayer) return;
    this.#currentLayers = layers;
    this.notify();
    this.emit("layersChanged", layers);
  }

  /** @internal */
  setMuted(muted: boolean): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.notify();
  }

  #play(element: HTMLMediaElement): void {
    element.srcObject = this.#track ? new MediaStream([this.#track]) : null;
    // A browser may reject autoplay until the user interacts with the page; controls of the element, or attach, retry.
    if (this.#track) element.play()?.catch(() => undefined);
  }
}
