import type { Call, Calls } from "@hubbub/client";
import { CallAudio, CaptionsOverlay, RecordButton, RecordingBanner, useCall, useCaptions, useRecording, VideoControls, VideoGrid } from "@hubbub/react";
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
  return <Room call={call} />;
}

function Room({ call }: { call: Call }) {
  const captions = useCaptions(call);
  const recording = useRecording(call);
  return (
    <section aria-label="Call" className="room">
      <div className="stage">
        <VideoGrid call={call} />
        {captions.shown && <CaptionsOverlay lines={captions.lines} limited={captions.limited} />}
      </div>
      <RecordingBanner recording={recording} />
      <VideoControls call={call} captions={captions}>
        <RecordButton recording={recording} />
      </VideoControls>
      <CallAudio call={call} />
    </section>
  );
}
