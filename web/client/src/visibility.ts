/** Observes whether elements are visible, with one IntersectionObserver for all of them. */

const listeners = new Map<Element, (visible: boolean) => void>();
let observer: IntersectionObserver | undefined;

/**
 * Calls `listener` when `element` enters or leaves the viewport. Returns a function that stops observing. Never calls it in
 * browsers without IntersectionObserver, where every element counts as visible.
 */
export function observeVisibility(element: Element, listener: (visible: boolean) => void): () => void {
  if (typeof IntersectionObserver === "undefined") return () => {};
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
  });
  listeners.set(element, listener);
  observer.observe(element);
  return () => {
    if (listeners.get(element) !== listener) return;
    listeners.delete(element);
    observer?.unobserve(element);
  };
}
