import type { RemoteParticipant, Role, Source } from "@hubbub/client";
import { MODERATION } from "./strings.ts";
import type { ModerationHandle } from "./useModeration.ts";

const SOURCES: readonly Source[] = ["microphone", "camera", "screen", "screen-audio"];
/** What is stopped rather than muted: its user may start it again. */
const STOPPED: ReadonlySet<Source> = new Set(["screen"]);
const ROLES: readonly Role[] = ["moderator", "speaker", "listener"];

export interface ParticipantActionsProps {
  participant: RemoteParticipant;
  moderation: ModerationHandle;
}

/** What a moderator can do about one participant. */
export function ParticipantActions({ participant, moderation }: ParticipantActionsProps) {
  const { decide } = moderation;
  return (
    <div className="hb-actions" role="group" aria-label={MODERATION.actions(participant.name)}>
      {SOURCES.flatMap((source) => {
        const publication = participant.publications.get(source);
        const muted = participant.mutedByModerator.has(source);
        return [
          publication && !muted && !STOPPED.has(source) && (
            <Action key={`mute-${source}`} action={`mute-${source}`} text={MODERATION.mute(source)} onClick={() => decide((room) => room.mute(participant, source))} />
          ),
          (muted || publication?.muted) && (
            <Action key={`ask-${source}`} action={`unmute-${source}`} text={MODERATION.ask(source)} onClick={() => decide((room) => room.unmute(participant, source))} />
          ),
        ];
      })}
      {participant.publications.has("screen") && (
        <Action action="stop-screen" text={MODERATION.stopScreen} onClick={() => decide((room) => room.stop(participant, "screen"))} />
      )}
      {participant.handRaisedAt !== undefined && (
        <Action action="lower-hand" text={MODERATION.lowerHand} onClick={() => decide((room) => room.lowerHand(participant))} />
      )}
      <label className="hb-role">
        <span className="hb-sr">{MODERATION.roleOf(participant.name)}</span>
        <select data-action="role" value={participant.role ?? "speaker"} onChange={(event) => void decide((room) => room.setRole(participant, event.target.value as Role))}>
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {MODERATION.roles[role]}
            </option>
          ))}
        </select>
      </label>
      <Action action="remove" text={MODERATION.remove} onClick={() => decide((room) => room.remove(participant))} />
      <Action action="ban" text={MODERATION.ban} onClick={() => decide((room) => room.remove(participant, { ban: true }))} />
    </div>
  );
}

function Action({ action, text, onClick }: { action: string; text: string; onClick(): Promise<void> }) {
  return (
    <button type="button" className="hb-button hb-compact" data-action={action} onClick={() => void onClick()}>
      {text}
    </button>
  );
}
