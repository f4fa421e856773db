/** Observes whether elements are visible: in the viewport of a tab that is shown. One IntersectionObserver serves all of them. */

interface Observed {
  inViewport: boolean;
  listener: (visible: boolean) => void;
}

const observed = new Map<Element, Observed>();
let observer: IntersectionObserver | undefined;

/**
 * Calls `listener` when `element` enters or leaves the viewport, or the tab is hidden or shown; an element in a picture-in-picture
 * window stays visible. Returns a function that stops observing. Never calls it in browsers without IntersectionObserver, where
 * every element counts as visible.
 */
export function observeVisibility(element: Element, listener: (visible: boolean) => void): () => void {
  if (typeof IntersectionObserver === "undefined") return () => {};
  observer ??= startObserver();
  const entry = { inViewport: true, listener };
  observed.set(element, entry);
  observer.observe(element);
  element.addEventListener("enterpictureinpicture", report);
  element.addEventListener("leavepictureinpicture", report);
  return () => {
    if (observed.get(element) !== entry) return;
    observed.delete(element);
    observer?.unobserve(element);
    element.removeEventListener("enterpictureinpicture", report);
    element.removeEventListener("leavepictureinpicture", report);
  };
}

function startObserver(): IntersectionObserver {
  document.addEventListener("visibilitychange", report);
  return new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const entry = observed.get(target);
      if (entry) entry.inViewport = isIntersecting;
    }
    report();
  });
}

/** Tells every listener what holds now; listeners ignore what they know. */
function report(): void {
  for (const [element, { inViewport, listener }] of observed) {
    listener(document.pictureInPictureElement === element || (inViewport && !document.hidden));
  }
}
