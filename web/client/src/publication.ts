/** One track of a participant, the same object for as long as the participant shows it, whatever carries it. */

import { Emitter } from "./emitter.ts";
import { whileVisible } from "./visibility.ts";

/** What a track shows. It travels in the producer's `appData`; of a client that says nothing, the kind decides. */
export type Source = "camera" | "microphone" | "screen" | "screen-audio";
export type Kind = "audio" | "video";
/** Which tracks are received: those that are looked at (sound always), all, or those asked for. */
export type Subscribing = "visible" | "all" | "manual";

export class Publication extends Emitter<Record<never, never>> {
  #track: MediaStreamTrack | undefined;
  #muted = false;
  #subscribed: boolean;
  readonly #elements = new Map<HTMLMediaElement, { visible: boolean; unwatch: () => void }>();

  constructor(
    readonly source: Source,
    readonly kind: Kind,
    private readonly mode: Subscribing,
    private readonly wantedChanged: () => Promise<void>,
  ) {
    super();
    this.#subscribed = mode !== "manual";
  }

  /** Absent while it is not received, or not yet. */
  get track(): MediaStreamTrack | undefined {
    return this.#track;
  }

  /** Its owner sends nothing now. */
  get muted(): boolean {
    return this.#muted;
  }

  get subscribed(): boolean {
    return this.#subscribed;
  }

  /** Whether packets should come now. */
  get wanted(): boolean {
    if (!this.#subscribed) return false;
    if (this.mode !== "visible" || this.kind === "audio") return true;
    return [...this.#elements.values()].some(({ visible }) => visible);
  }

  /** Receives a remote track, or does not any more. */
  async setSubscribed(on: boolean): Promise<void> {
    if (this.#subscribed === on) return;
    this.#subscribed = on;
    this.touch();
    await this.wantedChanged();
  }

  /** Shows or plays it in `element`, also when the track is replaced by another; the result ends that. */
  attach(element: HTMLMediaElement): () => void {
    const shown = { visible: true, unwatch: () => {} };
    this.#elements.set(element, shown);
    if (this.mode === "visible" && this.kind === "video") {
      shown.unwatch = whileVisible(element, (visible) => {
        shown.visible = visible;
        void this.wantedChanged();
      });
    }
    this.#show(element);
    void this.wantedChanged();
    return () => {
      shown.unwatch();
      if (this.#elements.get(element) !== shown) return;
      this.#elements.delete(element);
      element.srcObject = null;
      void this.wantedChanged();
    };
  }

  /** Shows it nowhere any more; where it was. */
  detachAll(): HTMLMediaElement[] {
    const elements = [...this.#elements.keys()];
    for (const [element, { unwatch }] of this.#elements) {
      unwatch();
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
    for (const element of this.#elements.keys()) this.#show(element);
    this.touch();
  }

  /** @internal */
  setMuted(muted: boolean): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.touch();
  }

  #show(element: HTMLMediaElement): void {
    element.srcObject = this.#track ? new MediaStream([this.#track]) : null;
    // A browser may ask for a gesture first; the element's own controls, or the next attach, try again.
    if (this.#track) element.play()?.catch(() => undefined);
  }
}
