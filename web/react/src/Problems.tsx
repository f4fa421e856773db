import { Icon } from "./icons.tsx";

/** A dismissible alert about problems that do not end the call. */
export function Problems({ texts, onDismiss }: { texts: readonly string[]; onDismiss(): void }) {
  if (texts.length === 0) return null;
  return (
    <div className="hb-notice" role="alert">
      <Icon name="warning" />
      <ul>
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <button type="button" className="hb-round hb-small" aria-label="Dismiss" onClick={onDismiss}>
        <Icon name="close" />
      </button>
    </div>
  );
}
