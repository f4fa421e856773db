import { useState } from "react";

import { CallError, type CallInfo, type Calls } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ACTIVE_CALL, explain } from "./strings.ts";
import { useGroupCall } from "./useGroupCall.ts";
import { useStore } from "./useStore.ts";

export interface ActiveCallIndicatorProps {
  calls: Calls | undefined;
  groupId: string;
  /** Name of a user; the id when absent. */
  userName?: ((userId: string) => string) | undefined;
  /** Called when the user has entered the call: join its room now. */
  onJoin(call: CallInfo): void;
}

/** Most names to list. */
const NAMES = 3;

/** Shows that a call of the group is on, and who is in it, with a button to join. Renders nothing without a call. */
export function ActiveCallIndicator({ calls, groupId, userName = (userId) => userId, onJoin }: ActiveCallIndicatorProps) {
  const { call, members } = useGroupCall(calls, groupId);
  useStore(calls);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const join = async (calls: Calls, callId: string) => {
    setBusy(true);
    setProblem(undefined);
    try {
      onJoin(await calls.join(callId));
    } catch (error) {
      setProblem(explain(CallError.of(error)));
    } finally {
      setBusy(false);
    }
  };

  if (!calls || !call) return null;
  const names = members.map(userName);
  return (
    <section className="hb-active-call" aria-label={ACTIVE_CALL.title}>
      <span className="hb-active-call-people" aria-hidden="true">
        {names.slice(0, NAMES).map((name, index) => (
          <Avatar key={members[index]} name={name} />
        ))}
      </span>
      <p role="status">
        <strong>{ACTIVE_CALL.title}</strong> {ACTIVE_CALL.people(names.slice(0, NAMES), Math.max(0, names.length - NAMES))}
      </p>
      {calls.live.get(call.callId)?.state !== "active" && (
        <button type="button" className="hb-button hb-primary" data-action="join-call" disabled={busy} onClick={() => void join(calls, call.callId)}>
          {ACTIVE_CALL.join}
        </button>
      )}
      {problem && <p role="alert">{problem}</p>}
    </section>
  );
}
