import { useEffect, useState } from "react";

import { CallError, type CallInfo, type Calls, type StartCall } from "@hubbub/client";
import { Icon } from "./icons.tsx";
import { CALLING, explain } from "./strings.ts";
import { useStore } from "./useStore.ts";

export interface CallButtonProps {
  calls: Calls | undefined;
  /** The users to ring. */
  participants: string[];
  /** The group whose call it is. */
  groupId?: string | undefined;
  /** Whether to call with video; true when absent. */
  video?: boolean;
  /** Whom the button calls, for its name. */
  label: string;
  /** Called with the call: join its room now. The others still ring. */
  onStart(call: CallInfo): void;
}

/**
 * Calls users or a group. While nobody has answered, it takes the call back; during the call it is disabled. Says how a call ended
 * that nobody answered.
 */
export function CallButton({ calls, participants, groupId, video = true, label, onStart }: CallButtonProps) {
  useStore(calls);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<string>();
  const conversation = conversationOf(groupId, [calls?.userId ?? "", ...participants]);
  useEffect(
    () => calls?.on("callOver", ({ info }, reason) => info.callerId === calls.userId && conversationOfCall(info) === conversation && setOutcome(CALLING.outcomes[reason])),
    [calls, conversation],
  );

  const attempt = async (operation: (calls: Calls) => Promise<unknown>) => {
    if (!calls) return;
    setBusy(true);
    setOutcome(undefined);
    try {
      await operation(calls);
    } catch (error) {
      setOutcome(explain(CallError.of(error)));
    } finally {
      setBusy(false);
    }
  };
  const start = async (calls: Calls) => {
    const request: StartCall = { participants, video, ...(groupId !== undefined && { groupId }) };
    const call = await calls.start(request);
    if (call.state === "ended") setOutcome(CALLING.outcomes[call.endReason ?? "other"]);
    else onStart(call);
  };

  const current = [...(calls?.live.values() ?? [])].find(({ info }) => conversationOfCall(info) === conversation);
  const active = current?.state === "active";
  return (
    <span className="hb-call-button">
      <span role="status">{current?.state === "calling" ? CALLING.ringing : active ? CALLING.active : outcome}</span>
      {current?.state === "calling" ? (
        <button type="button" className="hb-button hb-decline" data-action="cancel" disabled={busy} onClick={() => void attempt((calls) => calls.hangUp(current.info.callId))}>
          <Icon name="leave" />
          {CALLING.cancel(label)}
        </button>
      ) : (
        <button type="button" className="hb-button" data-action="call" disabled={busy || active || !calls} onClick={() => void attempt(start)}>
          <Icon name={video ? "camera" : "microphone"} />
          {CALLING.start(label)}
        </button>
      )}
    </span>
  );
}

/** The same users, or the same group, share one call. */
function conversationOf(groupId: string | undefined, userIds: readonly string[]): string {
  return JSON.stringify(groupId ?? [...new Set(userIds)].sort());
}

function conversationOfCall({ groupId, participants }: CallInfo): string {
  return conversationOf(groupId, participants.map(({ userId }) => userId));
}
