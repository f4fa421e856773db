import type { Call } from "@hubbub/client";
import { MODERATION } from "./strings.ts";
import type { ModerationHandle } from "./useModeration.ts";
import type { LocalMedia } from "./useWebRTC.ts";

export interface ModerationNoticesProps {
  call: Call;
  moderation: ModerationHandle;
  media: LocalMedia;
}

/** What a moderator did to the local participant or asks of it, and who waits in the lobby. */
export function ModerationNotices({ call, moderation, media }: ModerationNoticesProps) {
  const { muted, request, waiting, isModerator, decide } = moderation;
  const asker = request && [...call.participants.values()].find(({ userId }) => userId === request.askedBy);
  const switchOn = () => {
    moderation.dismissRequest();
    if (request?.source === "microphone") void media.setMicrophone(true);
    else if (request?.source === "camera") void media.setCamera(true);
    else if (request) void media.setScreen(true);
  };
  return (
    <>
      {muted && (
        <p className="hb-banner" data-kind="muted" role="status">
          {MODERATION.muted(muted)}
          <button type="button" className="hb-button" onClick={moderation.dismissMuted}>
            OK
          </button>
        </p>
      )}
      {request && (
        <p className="hb-banner" data-kind="unmute" role="alert">
          {MODERATION.asksToUnmute(asker?.name, request.source)}
          <button type="button" className="hb-button" data-action="unmute" onClick={switchOn}>
            {MODERATION.switchOn}
          </button>
          <button type="button" className="hb-button" onClick={moderation.dismissRequest}>
            Not now
          </button>
        </p>
      )}
      {isModerator &&
        waiting.slice(0, 1).map((peer) => (
          <p key={peer.peerId} className="hb-banner" data-kind="lobby" role="status">
            {MODERATION.waits(peer.displayName, waiting.length - 1)}
            <button type="button" className="hb-button" data-action="admit" onClick={() => void decide((room) => room.admit(peer))}>
              Admit
            </button>
            <button type="button" className="hb-button" data-action="refuse" onClick={() => void decide((room) => room.refuse(peer))}>
              Refuse
            </button>
          </p>
        ))}
    </>
  );
}
