import { useEffect, useRef, useState } from "react";

import type { RemoteParticipant } from "@hubbub/client";
import { Icon } from "./icons.tsx";

/** Something went wrong that the call goes on without. */
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

/** How long it is told that somebody came or went, in milliseconds. */
const TOLD = 4_000;

/** More changes at once than these are told as a number. */
const NAMED = 2;

/** Tells who came and who went, for a moment; not who was there before. */
export function Arrivals({ participants, since }: { participants: readonly RemoteParticipant[]; since: boolean }) {
  const [text, setText] = useState("");
  const before = useRef<Map<string, string>>(undefined);
  useEffect(() => {
    const now = new Map(participants.map(({ id, name }) => [id, name]));
    const earlier = before.current;
    before.current = since ? now : undefined;
    if (!earlier || !since) return;
    const parts = [changes(now, earlier, "joined"), changes(earlier, now, "left")].filter(Boolean);
    if (parts.length > 0) setText(parts.join(", "));
  }, [participants, since]);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => setText(""), TOLD);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="hb-toast" role="status" data-empty={text === "" || undefined}>
      {text}
    </p>
  );
}

/** Who is in `here` and not in `there`, and what they did. */
function changes(here: Map<string, string>, there: Map<string, string>, did: string): string {
  const names = [...here].filter(([id]) => !there.has(id)).map(([, name]) => name);
  if (names.length === 0) return "";
  return `${names.length > NAMED ? `${names.length} people` : names.join(" and ")} ${did}`;
}
