import { useEffect, useRef, type ReactNode } from "react";

import { Icon } from "./icons.tsx";

/**
 * A panel beside the video grid; over it on narrow screens. Takes the focus while it is open. Escape closes it and returns the
 * focus.
 */
export function Panel({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }) {
  const panel = useRef<HTMLElement>(null);
  const latestOnClose = useRef(onClose);
  useEffect(() => {
    latestOnClose.current = onClose;
  });
  useEffect(() => {
    const previousFocus = document.activeElement;
    panel.current?.focus();
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "Escape") latestOnClose.current();
    };
    addEventListener("keydown", onKeyDown);
    return () => {
      removeEventListener("keydown", onKeyDown);
      if (previousFocus instanceof HTMLElement) previousFocus.focus();
    };
  }, []);
  return (
    <aside ref={panel} className="hb-panel" aria-label={title} tabIndex={-1}>
      <header>
        <h2>{title}</h2>
        <button type="button" className="hb-round hb-small" aria-label={`Close ${title.toLowerCase()}`} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="hb-panel-body" tabIndex={0} role="group" aria-label={title}>
        {children}
      </div>
    </aside>
  );
}
