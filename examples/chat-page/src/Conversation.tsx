import type { CallInfo, Calls } from "@hubbub/client";
import { ActiveCallIndicator, CallButton } from "@hubbub/react";
import { useEffect, useState } from "react";

import { nameOf, people, type Entry } from "./directory.ts";

interface ConversationProps {
  calls: Calls | undefined;
  user: Entry;
  entry: Entry;
  onEnter(call: CallInfo): void;
}

/** A group or another person: who can be called, the call that is on, and the former ones. */
export function Conversation({ calls, user, entry, onEnter }: ConversationProps) {
  const isGroup = entry.kind === "group";
  const history = useHistory(calls, entry);
  return (
    <section aria-label={entry.name} className="conversation">
      <header>
        <h2>{entry.name}</h2>
        <CallButton
          calls={calls}
          participants={isGroup ? people.filter(({ id }) => id !== user.id).map(({ id }) => id) : [entry.id]}
          groupId={isGroup ? entry.id : undefined}
          label={entry.name}
          onStart={onEnter}
        />
      </header>
      {isGroup && <ActiveCallIndicator calls={calls} groupId={entry.id} userName={nameOf} onJoin={onEnter} />}
      <ol aria-label="Former calls">
        {history.map((call) => (
          <li key={call.callId} data-reason={call.endReason}>
            <time dateTime={new Date(call.createdAt).toISOString()}>{new Date(call.createdAt).toLocaleTimeString([], { timeStyle: "short" })}</time>{" "}
            {describe(call, user)}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The former calls, the oldest first, with those that end while the page is open. */
function useHistory(calls: Calls | undefined, { kind, id }: Entry): CallInfo[] {
  const [history, setHistory] = useState<CallInfo[]>([]);
  useEffect(() => {
    if (!calls) return undefined;
    let current = true;
    const load = async () => {
      const page = await calls.history({ state: "ended", ...(kind === "group" && { groupId: id }) }).catch(() => undefined);
      if (!current || !page) return;
      const own = kind === "group" ? page.calls : page.calls.filter((call) => !call.groupId && call.participants.some(({ userId }) => userId === id));
      setHistory(own.reverse());
    };
    void load();
    const reload = () => void load();
    const unsubscribes = (["callEnded", "callMissed", "callOver"] as const).map((event) => calls.on(event, reload));
    return () => {
      current = false;
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }, [calls, kind, id]);
  return history;
}

const UNANSWERED: Partial<Record<NonNullable<CallInfo["endReason"]>, string>> = {
  declined: "The call was declined.",
  busy: "The line was busy.",
  cancelled: "The call was taken back.",
};

function describe(call: CallInfo, user: Entry): string {
  const caller = call.callerId === user.id ? "You" : call.callerName;
  const state = call.participants.find(({ userId }) => userId === user.id)?.state;
  if (state === "missed" || state === "busy" || state === "cancelled") return `${caller} called, and you missed it.`;
  if (state === "declined") return `${caller} called, and you declined.`;
  if (call.answeredAt === undefined || call.endedAt === undefined) return `${caller} called. ${UNANSWERED[call.endReason ?? "other"] ?? "Nobody answered."}`;
  return `${caller} called. The call took ${Math.ceil((call.endedAt - call.answeredAt) / 60_000)} min.`;
}
