import { useState, type ReactNode } from "react";

import type { Call } from "@hubbub/client";
import { Arrivals } from "./Arrivals.tsx";
import { CallAudio } from "./CallAudio.tsx";
import { CallHeader, PanelButton, type PanelName } from "./CallHeader.tsx";
import { CallSettings } from "./CallSettings.tsx";
import { CaptionsOverlay } from "./CaptionsOverlay.tsx";
import { HandButton } from "./HandButton.tsx";
import { InviteLink } from "./InviteLink.tsx";
import { ModerationNotices } from "./ModerationNotices.tsx";
import { Panel } from "./Panel.tsx";
import { ParticipantList } from "./ParticipantList.tsx";
import { Problems } from "./Problems.tsx";
import { RecordButton } from "./RecordButton.tsx";
import { RecordingBanner } from "./RecordingBanner.tsx";
import { StatsOverlay } from "./StatsOverlay.tsx";
import type { Layout } from "./tiles.ts";
import { useAudience } from "./useAudience.ts";
import { useCallState } from "./useCallState.ts";
import { useCaptions } from "./useCaptions.ts";
import { useModeration } from "./useModeration.ts";
import { useRecording } from "./useRecording.ts";
import { useWebRTC } from "./useWebRTC.ts";
import { VideoControls } from "./VideoControls.tsx";
import { VideoGrid } from "./VideoGrid.tsx";
import { AUDIENCE, explain, explainDevice, explainService, STATUS } from "./strings.ts";

export interface CallViewProps {
  call: Call;
  /** Link to the call; without it no invitation is shown. */
  inviteUrl?: string | undefined;
  /** Shown before the name of the room. */
  brand?: ReactNode;
  /** Additional controls at the end of the settings panel. */
  settings?: ReactNode;
  /** Texts of problems that occurred before the call. */
  problems?: readonly string[];
  /** Called when the user dismisses the problems. */
  onDismiss?: () => void;
}

/** A running call: video grid, audio, controls and panels. */
export function CallView({ call, inviteUrl, brand, settings, problems = [], onDismiss }: CallViewProps) {
  const { state, participants } = useCallState(call);
  const audience = useAudience(call);
  const media = useWebRTC(call);
  const captions = useCaptions(call);
  const recording = useRecording(call);
  const moderation = useModeration(call);
  const [layout, setLayout] = useState<Layout>("auto");
  const [pinned, setPinned] = useState<string>();
  const [panel, setPanel] = useState<PanelName>();
  const [speaker, setSpeaker] = useState<string>();
  const toggle = (name: PanelName) => setPanel((open) => (open === name ? undefined : name));
  const choose = (next: Layout) => {
    setLayout(next);
    setPinned(undefined);
  };

  const { problem } = media;
  const problemText = problem && (problem.source === "camera" || problem.source === "microphone" ? explainDevice(problem.source, problem.error) : explain(problem.error));
  return (
    <main className="hb-call">
      <CallHeader
        brand={brand}
        room={call.room}
        status={audience.watches && state === "connected" ? AUDIENCE.status : STATUS[state]}
        count={participants.length + (audience.watches ? 0 : 1)}
        watching={audience.count}
        inviteUrl={inviteUrl}
        layout={layout}
        onLayout={choose}
        panel={panel}
        onPanel={toggle}
      />
      <div className="hb-notices">
        {state === "reconnecting" && <p className="hb-banner" data-kind="warning">{STATUS.reconnecting}</p>}
        <RecordingBanner recording={recording} />
        <ModerationNotices call={call} moderation={moderation} media={media} />
        {media.screen && (
          <p className="hb-banner">
            You are sharing your screen
            <button type="button" className="hb-button" onClick={() => void media.setScreen(false)}>
              Stop sharing
            </button>
          </p>
        )}
        <Problems
          texts={[
            ...problems,
            ...(problemText ? [problemText] : []),
            ...(captions.problem ? [explainService("Captions", captions.problem)] : []),
            ...(recording.problem ? [explainService("Recording", recording.problem)] : []),
            ...(moderation.problem ? [explain(moderation.problem)] : []),
          ]}
          onDismiss={() => {
            media.dismissProblem();
            recording.dismissProblem();
            moderation.dismissProblem();
            onDismiss?.();
          }}
        />
      </div>
      <div className="hb-main">
        <div className="hb-stage">
          <VideoGrid call={call} layout={layout} pinned={pinned} onPin={setPinned} onMore={() => setPanel("people")} />
          {state === "connected" && participants.length === 0 && (
            <div className="hb-alone">
              <p>{audience.watches ? AUDIENCE.nobody : audience.count > 0 ? AUDIENCE.alone : "Nobody else is here yet"}</p>
              {inviteUrl !== undefined && <InviteLink url={inviteUrl} />}
            </div>
          )}
          {captions.shown && <CaptionsOverlay lines={captions.lines} limited={captions.limited} />}
          <Arrivals participants={participants} active={state === "connected"} />
        </div>
        {panel === "people" && (
          <Panel title="People" onClose={() => setPanel(undefined)}>
            <ParticipantList call={call} moderation={moderation} />
          </Panel>
        )}
        {panel === "stats" && (
          <Panel title="Statistics" onClose={() => setPanel(undefined)}>
            <StatsOverlay call={call} />
          </Panel>
        )}
        {panel === "settings" && (
          <Panel title="Settings" onClose={() => setPanel(undefined)}>
            <CallSettings call={call} media={media} speaker={speaker} onSpeaker={setSpeaker} layout={layout} onLayout={choose} onStats={() => setPanel("stats")}>
              {settings}
            </CallSettings>
          </Panel>
        )}
      </div>
      <VideoControls call={call} media={media} captions={captions}>
        {!audience.watches && <HandButton moderation={moderation} />}
        <RecordButton recording={recording} />
        <PanelButton name="settings" icon="settings" label="Settings" panel={panel} onPanel={toggle} />
      </VideoControls>
      <CallAudio call={call} speaker={speaker} />
    </main>
  );
}
