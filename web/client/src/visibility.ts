/** Whether an element can be seen now. */

const watching = new Map<Element, (visible: boolean) => void>();
let observer: IntersectionObserver | undefined;

/** Calls `listener` when `element` comes into sight or leaves it; where nobody can tell, it stays in sight. */
export function whileVisible(element: Element, listener: (visible: boolean) => void): () => void {
  if (typeof IntersectionObserver === "undefined") return () => {};
  observer ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) watching.get(target)?.(isIntersecting);
  });
  watching.set(element, listener);
  observer.observe(element);
  return () => {
    if (watching.get(element) !== listener) return;
    watching.delete(element);
    observer?.unobserve(element);
  };
}
