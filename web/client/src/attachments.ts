/** The elements that play a track: which of them are visible, and how large they are. */

import { observeSize } from "./elementSize.ts";
import type { Size } from "./layerSelection.ts";
import { observeVisibility } from "./visibility.ts";

interface Attachment {
  visible: boolean;
  size: Size | undefined;
  detach: () => void;
}

export class Attachments {
  readonly #attachments = new Map<HTMLMediaElement, Attachment>();

  /**
   * @param observed - Whether to observe visibility and size. Otherwise every element counts as visible and has no size.
   * @param changed - Called when an element is added, removed, shown, hidden or resized, or the size of its picture changes.
   */
  constructor(
    private readonly observed: boolean,
    private readonly changed: () => void,
  ) {}

  get elements(): HTMLMediaElement[] {
    return [...this.#attachments.keys()];
  }

  get anyVisible(): boolean {
    return [...this.#attachments.values()].some(({ visible }) => visible);
  }

  /** The largest visible element with a picture: its own size in device pixels, and the size of the picture. */
  get largest(): { shown: Size; received: Size } | undefined {
    const candidates = [...this.#attachments].flatMap(([element, { visible, size }]) => {
      const received = { width: (element as HTMLVideoElement).videoWidth, height: (element as HTMLVideoElement).videoHeight };
      return visible && size && received.width > 0 && received.height > 0 ? [{ shown: size, received }] : [];
    });
    return candidates.sort((a, b) => b.shown.width * b.shown.height - a.shown.width * a.shown.height)[0];
  }

  /** Device pixels of the largest visible element; 0 while no size is known. The columns of a grid may differ by fractions of a pixel. */
  get largestArea(): number {
    const areas = [...this.#attachments.values()].map(({ visible, size }) => (visible && size ? Math.round(size.width) * Math.round(size.height) : 0));
    return Math.max(0, ...areas);
  }

  /** Adds an element. Returns a function that removes it, unless it has been added again since. */
  add(element: HTMLMediaElement): () => void {
    this.#attachments.get(element)?.detach();
    const attachment = { visible: true, size: undefined as Size | undefined, detach: () => {} };
    this.#attachments.set(element, attachment);
    if (this.observed) {
      const stops = [
        observeVisibility(element, (visible) => {
          if (attachment.visible === visible) return;
          attachment.visible = visible;
          this.changed();
        }),
        observeSize(element, (size) => {
          attachment.size = size;
          this.changed();
        }),
      ];
      // The size of the picture: the stream has changed to another layer.
      element.addEventListener("resize", this.changed);
      attachment.detach = () => {
        for (const stop of stops) stop();
        element.removeEventListener("resize", this.changed);
      };
    }
    return () => {
      if (this.#attachments.get(element) === attachment) this.remove(element);
    };
  }

  remove(element: HTMLMediaElement): void {
    this.#attachments.get(element)?.detach();
    this.#attachments.delete(element);
    element.srcObject = null;
    this.changed();
  }
}
