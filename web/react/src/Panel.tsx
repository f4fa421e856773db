import { useEffect, useRef, type ReactNode } from "react";

import { Icon } from "./icons.tsx";

/** Beside the pictures; over them where there is little room. Escape closes it, and the focus goes back. */
export function Panel({ title, onClose, children }: { title: string; onClose(): void; children: ReactNode }) {
  const panel = useRef<HTMLElement>(null);
  const close = useRef(onClose);
  useEffect(() => {
    close.current = onClose;
  });
  useEffect(() => {
    const before = document.activeElement;
    panel.current?.focus();
    const pressed = (event: KeyboardEvent) => {
      if (event.key === "Escape") close.current();
    };
    addEventListener("keydown", pressed);
    return () => {
      removeEventListener("keydown", pressed);
      if (before instanceof HTMLElement) before.focus();
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
