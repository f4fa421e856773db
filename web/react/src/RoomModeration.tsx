import { useState } from "react";

import { MODERATION } from "./strings.ts";
import type { ModerationHandle } from "./useModeration.ts";

/** What a moderator can do about the room: lock it, switch its lobby, admit who waits there, and end the call for everybody. */
export function RoomModeration({ moderation }: { moderation: ModerationHandle }) {
  const { locked, lobby, waiting, decide } = moderation;
  const [ending, setEnding] = useState(false);
  return (
    <section className="hb-moderation" aria-label={MODERATION.title}>
      <label className="hb-choice">
        <input type="checkbox" data-action="lock" checked={locked} onChange={() => void decide((room) => room.setLocked(!locked))} />
        {MODERATION.lock}
      </label>
      <label className="hb-choice">
        <input type="checkbox" data-action="lobby" checked={lobby} onChange={() => void decide((room) => room.setLobby(!lobby))} />
        {MODERATION.lobby}
      </label>
      {waiting.length > 0 && (
        <ul className="hb-people" aria-label={MODERATION.inLobby}>
          {waiting.map((peer) => (
            <li key={peer.peerId} data-waiting={peer.peerId}>
              <span className="hb-people-name">{peer.displayName}</span>
              <button type="button" className="hb-button hb-compact" onClick={() => void decide((room) => room.admit(peer))}>
                Admit
              </button>
              <button type="button" className="hb-button hb-compact" onClick={() => void decide((room) => room.refuse(peer))}>
                Refuse
              </button>
            </li>
          ))}
        </ul>
      )}
      {ending ? (
        <div className="hb-row">
          <button type="button" className="hb-button hb-danger hb-compact" data-action="end-confirmed" onClick={() => void decide((room) => room.closeRoom())}>
            {MODERATION.endConfirmed}
          </button>
          <button type="button" className="hb-button hb-compact" onClick={() => setEnding(false)}>
            Cancel
          </button>
        </div>
      ) : (
        <button type="button" className="hb-button hb-compact" data-action="end" onClick={() => setEnding(true)}>
          {MODERATION.end}
        </button>
      )}
    </section>
  );
}
