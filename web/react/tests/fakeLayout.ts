/** Gives every element the size of a video grid on a desktop: jsdom has no layout. */
export function fakeLayout(): void {
  for (const [side, size] of [["clientWidth", 1256], ["clientHeight", 668]] as const) {
    Object.defineProperty(HTMLElement.prototype, side, { value: size, configurable: true });
  }
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
}
