import { useEffect, useRef, useState } from "react";

import type { RemoteParticipant } from "@hubbub/client";

/** How long a message is shown. */
const SHOWN_MS = 4_000;

/** Up to this many participants are named; more are counted. */
const NAMED = 2;

export interface ArrivalsProps {
  participants: readonly RemoteParticipant[];
  /** While false nothing is announced. Participants who are present when it becomes true are not announced either. */
  active: boolean;
}

/** Announces for four seconds who joined and who left. */
export function Arrivals({ participants, active }: ArrivalsProps) {
  const [text, setText] = useState("");
  const previous = useRef<Map<string, string>>(undefined);
  useEffect(() => {
    const now = new Map(participants.map(({ id, name }) => [id, name]));
    const before = previous.current;
    previous.current = active ? now : undefined;
    if (!before || !active) return;
    const parts = [describe(now, before, "joined"), describe(before, now, "left")].filter(Boolean);
    if (parts.length > 0) setText(parts.join(", "));
  }, [participants, active]);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => setText(""), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p className="hb-toast" role="status" data-empty={text === "" || undefined}>
      {text}
    </p>
  );
}

/** Describes those who are in `present` and not in `absent`; empty if there are none. */
function describe(present: Map<string, string>, absent: Map<string, string>, did: string): string {
  const names = [...present].filter(([id]) => !absent.has(id)).map(([, name]) => name);
  if (names.length === 0) return "";
  return `${names.length > NAMED ? `${names.length} people` : names.join(" and ")} ${did}`;
}
