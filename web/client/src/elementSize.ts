/** Observes the sizes of elements, with one ResizeObserver for all of them. */

import type { Size } from "./layerSelection.ts";

const listeners = new Map<Element, (size: Size) => void>();
let observer: ResizeObserver | undefined;

/**
 * Calls `listener` with the size of `element` in device pixels, at once and when it changes. Returns a function that stops
 * observing. Never calls it in browsers without ResizeObserver.
 */
export function observeSize(element: Element, listener: (size: Size) => void): () => void {
  if (typeof ResizeObserver === "undefined") return () => {};
  observer ??= new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      const { width, height } = contentRect;
      listeners.get(target)?.({ width: width * devicePixelRatio, height: height * devicePixelRatio });
    }
  });
  listeners.set(element, listener);
  observer.observe(element);
  return () => {
    if (listeners.get(element) !== listener) return;
    listeners.delete(element);
    observer?.unobserve(element);
  };
}
