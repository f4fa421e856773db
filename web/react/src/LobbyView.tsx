import type { Call } from "@hubbub/client";
import { MODERATION } from "./strings.ts";

/** Shown to whom a moderator has not admitted yet. */
export function LobbyView({ call }: { call: Call }) {
  return (
    <section className="hb-ended" aria-labelledby="hb-lobby">
      <h1 id="hb-lobby" tabIndex={-1} ref={(heading) => heading?.focus()}>
        {MODERATION.waitTitle}
      </h1>
      <p role="status">{MODERATION.waitText}</p>
      <div className="hb-row">
        <button type="button" className="hb-button" data-action="leave" onClick={() => void call.leave()}>
          Leave
        </button>
      </div>
    </section>
  );
}
