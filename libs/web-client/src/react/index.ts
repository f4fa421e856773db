/** Hubbub for React 19: hooks that follow a call, and components that show it. Styles: `@hubbub/client/styles.css`. */

export { useActiveSpeaker } from "./useActiveSpeaker.js";
export { useCall, type CallHandle } from "./useCall.js";
export { useCallState, type CallStatus } from "./useCallState.js";
export { useCallStats } from "./useCallStats.js";
export { useConnectionQuality } from "./useConnectionQuality.js";
export { useMediaDevices, type Devices } from "./useMediaDevices.js";
export { usePreview, type Preview } from "./usePreview.js";
export type { Captured, DeviceSource, PreviewSize } from "./capture.js";
export { useWebRTC, type OwnMedia } from "./useWebRTC.js";

export { CallAudio } from "./CallAudio.js";
export { CallView, type CallViewProps } from "./CallView.js";
export { ConnectionQualityBadge } from "./ConnectionQualityBadge.js";
export { DeviceSelector, type DeviceSelectorProps } from "./DeviceSelector.js";
export { EndedView, type EndedViewProps } from "./EndedView.js";
export { InviteLink } from "./InviteLink.js";
export { LevelMeter } from "./LevelMeter.js";
export { ParticipantList } from "./ParticipantList.js";
export { ParticipantVideo, type ParticipantVideoProps } from "./ParticipantVideo.js";
export { PreJoin, type Entrance, type PreJoinProps } from "./PreJoin.js";
export { ScreenShareView } from "./ScreenShareView.js";
export { StatsOverlay } from "./StatsOverlay.js";
export type { Layout } from "./tiles.js";
export { VideoCall, type VideoCallProps } from "./VideoCall.js";
export { VideoControls, type VideoControlsProps } from "./VideoControls.js";
export { VideoGrid, type VideoGridProps } from "./VideoGrid.js";
