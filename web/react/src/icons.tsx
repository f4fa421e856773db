/** Icons of 24 by 24 units in the current text color. */

import type { ReactNode } from "react";

const PATHS = {
  microphone: (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>
  ),
  microphoneOff: (
    <>
      <path d="M9 9.5V11a3 3 0 0 0 4.6 2.5M15 10.5V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.4 5.2M18.5 11.5c0 .9-.2 1.8-.5 2.6M12 18v3M4 3l16 18" />
    </>
  ),
  camera: (
    <>
      <rect x="3" y="6.5" width="12.5" height="11" rx="2.5" />
      <path d="m15.5 11 5.5-3v8l-5.5-3" />
    </>
  ),
  cameraOff: <path d="M9.5 6.5H13a2.5 2.5 0 0 1 2.5 2.5v2l5.5-3v8l-3-1.6M15.5 15a2.5 2.5 0 0 1-2.5 2.5H5.5A2.5 2.5 0 0 1 3 15V9c0-1.2.8-2.1 1.9-2.4M4 3l16 18" />,
  screen: (
    <>
      <rect x="3" y="4.5" width="18" height="12" rx="2" />
      <path d="M8.5 20.5h7M12 13.5v-5.5M9.5 10.3 12 7.8l2.5 2.5" />
    </>
  ),
  captions: (
    <>
      <rect x="3" y="5" width="18" height="14" rx="3" />
      <path d="M10.5 10.2a2.3 2.3 0 1 0 0 3.6M17.5 10.2a2.3 2.3 0 1 0 0 3.6" />
    </>
  ),
  play: <path d="M8 5.5v13l10.5-6.5z" />,
  pause: <path d="M8.5 5.5v13M15.5 5.5v13" />,
  record: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <circle cx="12" cy="12" r="3.5" fill="currentColor" />
    </>
  ),
  people: (
    <>
      <circle cx="9" cy="8" r="3.2" />
      <path d="M3 19.5a6 6 0 0 1 12 0M15.5 5.2a3.2 3.2 0 0 1 0 5.6M17.5 14.3a6 6 0 0 1 3.5 5.2" />
    </>
  ),
  hand: <path d="M7 12.5V6.8a1.4 1.4 0 0 1 2.8 0V11m0-.5V4.9a1.4 1.4 0 0 1 2.8 0v5.6m0 0V5.9a1.4 1.4 0 0 1 2.8 0V12m0-1.5V8.3a1.4 1.4 0 0 1 2.8 0v6.2a6.5 6.5 0 0 1-6.5 6.5c-2.6 0-4.2-1-5.4-3L4 13.7c-.9-1.6 1.1-2.8 2.2-1.5L7 13.3" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" strokeWidth="3" strokeLinecap="round" />,
  grid: (
    <>
      <rect x="3.5" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="3.5" y="13" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="13" width="7.5" height="6.5" rx="1.5" />
    </>
  ),
  speaker: (
    <>
      <rect x="3.5" y="4.5" width="17" height="10" rx="1.5" />
      <path d="M4.5 19h4M10 19h4M15.5 19h4" />
    </>
  ),
  chart: <path d="M4 20V4M4 20h16M7.5 15.5l3.5-4 3 2.5 5-6.5" />,
  link: <path d="M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  settings: (
    <>
      <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
      <circle cx="16" cy="7" r="2.5" />
      <circle cx="8" cy="17" r="2.5" />
    </>
  ),
  leave: <path d="M3.2 14.8c5-4.4 12.6-4.4 17.6 0l-1.9 2.7-3.9-1.5v-2.2a13 13 0 0 0-6 0V16l-3.9 1.5z" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  pin: <path d="M9 4h6l-.700 6 2.7 3H7l2.7-3zM12 13v7" />,
  warning: <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.200" />,
  sound: <path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5zM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11" />,
} satisfies Record<string, ReactNode>;

export type IconName = keyof typeof PATHS;

/** A decorative icon, hidden from assistive technology. Its parent needs a text label. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="hb-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {PATHS[name]}
    </svg>
  );
}
