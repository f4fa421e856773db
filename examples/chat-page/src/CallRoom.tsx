import type { Calls } from "@hubbub/client";
import { CallAudio, useCall, VideoControls, VideoGrid } from "@hubbub/react";
import { useEffect } from "react";

interface CallRoomProps {
  calls: Calls;
  callId: string;
  camera: boolean;
  onEnd(): void;
}

/** The room of a call, over the connection that rings. */
export function CallRoom({ calls, callId, camera, onEnd }: CallRoomProps) {
  const { call, ended, join, leave } = useCall();
  useEffect(() => {
    void join(calls.roomOptions(callId), ({ local }) => {
      // The call continues without a microphone or a camera.
      local.setMicrophone(true).catch(() => undefined);
      if (camera) local.setCamera(true).catch(() => undefined);
    });
    return calls.on("callOver", ({ info }) => info.callId === callId && info.state === "ended" && void leave());
  }, [calls, callId, camera, join, leave]);
  useEffect(() => {
    if (ended) onEnd();
  }, [ended, onEnd]);

  if (!call || ended) return null;
  return (
    <section aria-label="Call" className="room">
      <VideoGrid call={call} />
      <VideoControls call={call} />
      <CallAudio call={call} />
    </section>
  );
}
