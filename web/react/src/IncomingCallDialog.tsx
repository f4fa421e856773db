import { useEffect, useId, useLayoutEffect, useRef } from "react";

import type { CallInfo, Calls } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { Icon } from "./icons.tsx";
import { startRinging } from "./ringtone.ts";
import { explain, RINGING } from "./strings.ts";
import { useIncomingCall, type IncomingRing } from "./useIncomingCall.ts";

export interface IncomingCallDialogProps {
  calls: Calls | undefined;
  /** Name of a group; its id when absent. */
  groupName?: ((groupId: string) => string) | undefined;
  /** Whether to ring aloud; true when absent. */
  sound?: boolean;
  /** Called when the server has accepted the answer: join the call's room now. @param camera - Whether to send the camera. */
  onAccept(call: CallInfo, camera: boolean): void;
}

/**
 * Rings, and asks for an answer while a call rings this device. Renders nothing otherwise.
 *
 * - The heading has the focus, not a button: a key that the user types for something else does not answer.
 * - Escape ignores the call. It is a reflex, and to decline cannot be taken back: it tells the caller no, and stops all devices.
 */
export function IncomingCallDialog({ calls, groupName, sound = true, onAccept }: IncomingCallDialogProps) {
  const ring = useIncomingCall(calls);
  return ring.call ? <Dialog key={ring.call.callId} call={ring.call} ring={ring} groupName={groupName} sound={sound} onAccept={onAccept} /> : null;
}

interface DialogProps extends Omit<IncomingCallDialogProps, "calls"> {
  call: CallInfo;
  ring: IncomingRing;
}

function Dialog({ call, ring, groupName, sound, onAccept }: DialogProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  // A modal dialog keeps the focus, makes the page behind it inert, and returns the focus if it closes before it is removed.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    heading.current?.focus();
    return () => element?.close();
  }, []);
  useEffect(() => (sound ? startRinging() : undefined), [sound]);

  const accept = async (camera: boolean) => {
    const joined = await ring.accept();
    if (joined) onAccept(joined.call, camera);
  };
  const group = call.groupId === undefined ? undefined : (groupName?.(call.groupId) ?? call.groupId);
  return (
    <dialog
      ref={dialog}
      className="hb-ring"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onCancel={(event) => {
        event.preventDefault();
        if (!ring.busy) void ring.ignore();
      }}
    >
      <Avatar name={call.callerName} />
      <h2 id={`${id}-title`} ref={heading} tabIndex={-1}>
        {RINGING.title(call.callerName)}
      </h2>
      <p id={`${id}-text`}>{RINGING.text(call.video, group, ring.others)}</p>
      {ring.problem && <p role="alert">{explain(ring.problem)}</p>}
      <div className="hb-row">
        <button type="button" className="hb-button hb-primary" data-action="accept-camera" disabled={ring.busy} onClick={() => void accept(true)}>
          <Icon name="camera" />
          {RINGING.acceptWithCamera}
        </button>
        <button type="button" className="hb-button hb-primary" data-action="accept" disabled={ring.busy} onClick={() => void accept(false)}>
          <Icon name="microphone" />
          {RINGING.acceptWithoutCamera}
        </button>
        <button type="button" className="hb-button hb-decline" data-action="decline" disabled={ring.busy} onClick={() => void ring.decline()}>
          <Icon name="leave" />
          {RINGING.decline}
        </button>
        <button type="button" className="hb-button" data-action="ignore" disabled={ring.busy} onClick={() => void ring.ignore()}>
          {RINGING.ignore}
        </button>
      </div>
    </dialog>
  );
}
