import type { CallInfo, Calls } from "@hubbub/client";
import { useEffect, useState } from "react";

import type { Entry } from "./directory.ts";

/** The former calls of a conversation, with those that end while the page is open. */
export function useFormerCalls(calls: Calls | undefined, { kind, id }: Entry): CallInfo[] {
  const [former, setFormer] = useState<CallInfo[]>([]);
  useEffect(() => {
    if (!calls) return undefined;
    let current = true;
    const load = async () => {
      const page = await calls.history({ state: "ended", ...(kind === "group" && { groupId: id }) }).catch(() => undefined);
      if (!current || !page) return;
      setFormer(kind === "group" ? page.calls : page.calls.filter((call) => !call.groupId && call.participants.some(({ userId }) => userId === id)));
    };
    const reload = () => void load();
    reload();
    const unsubscribes = (["callEnded", "callMissed", "callOver"] as const).map((event) => calls.on(event, reload));
    return () => {
      current = false;
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }, [calls, kind, id]);
  return former;
}

const UNANSWERED: Partial<Record<NonNullable<CallInfo["endReason"]>, string>> = {
  declined: "The call was declined.",
  busy: "The line was busy.",
  cancelled: "The call was taken back.",
};

/** Says what became of a call, from the user's point of view. */
export function describe(call: CallInfo, user: Entry): string {
  const caller = call.callerId === user.id ? "You" : call.callerName;
  const state = call.participants.find(({ userId }) => userId === user.id)?.state;
  if (state === "missed" || state === "busy" || state === "cancelled") return `${caller} called, and you missed it.`;
  if (state === "declined") return `${caller} called, and you declined.`;
  if (call.answeredAt === undefined || call.endedAt === undefined) return `${caller} called. ${UNANSWERED[call.endReason ?? "other"] ?? "Nobody answered."}`;
  return `${caller} called. The call took ${Math.ceil((call.endedAt - call.answeredAt) / 60_000)} min.`;
}
