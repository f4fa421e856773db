/** React hooks and components for calls. The components need the styles in `@hubbub/react/styles.css`. */

export { useActiveSpeaker } from "./useActiveSpeaker.ts";
export { useAudioLevel } from "./useAudioLevel.ts";
export { useCall, type CallHandle } from "./useCall.ts";
export { useCalls, type CallsHandle } from "./useCalls.ts";
export { useCallState, type CallStatus } from "./useCallState.ts";
export { useCallStats } from "./useCallStats.ts";
export { useCaptions, type CaptionsView } from "./useCaptions.ts";
export { useConnectionQuality } from "./useConnectionQuality.ts";
export { useGroupCall } from "./useGroupCall.ts";
export { useIncomingCall, type IncomingRing } from "./useIncomingCall.ts";
export { useMediaDevices } from "./useMediaDevices.ts";
export { usePreview, type Preview, type PreviewSize } from "./usePreview.ts";
export { useRecording, type RecordingHandle } from "./useRecording.ts";
export { useServerStats } from "./useServerStats.ts";
export { useWebRTC, type LocalMedia } from "./useWebRTC.ts";

export { ActiveCallIndicator, type ActiveCallIndicatorProps } from "./ActiveCallIndicator.tsx";
export { CallAudio } from "./CallAudio.tsx";
export { CallButton, type CallButtonProps } from "./CallButton.tsx";
export { CallView, type CallViewProps } from "./CallView.tsx";
export { CaptionsOverlay, type CaptionsOverlayProps } from "./CaptionsOverlay.tsx";
export { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
export { DeviceSelector, type DeviceSelectorProps } from "./DeviceSelector.tsx";
export { EndedView, type EndedViewProps } from "./EndedView.tsx";
export { IncomingCallDialog, type IncomingCallDialogProps } from "./IncomingCallDialog.tsx";
export { InviteLink } from "./InviteLink.tsx";
export { LevelMeter } from "./LevelMeter.tsx";
export { ParticipantList } from "./ParticipantList.tsx";
export { ParticipantVideo, type ParticipantVideoProps } from "./ParticipantVideo.tsx";
export { PreJoin, type PreJoinResult, type PreJoinProps } from "./PreJoin.tsx";
export { RecordButton } from "./RecordButton.tsx";
export { ScreenShareView } from "./ScreenShareView.tsx";
export { StatsOverlay } from "./StatsOverlay.tsx";
export type { Layout } from "./tiles.ts";
export { VideoCall, type VideoCallProps } from "./VideoCall.tsx";
export { VideoControls, type VideoControlsProps } from "./VideoControls.tsx";
export { VideoGrid, type VideoGridProps } from "./VideoGrid.tsx";
