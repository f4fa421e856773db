import "@hubbub/react/styles.css";
import "./page.css";

import { createRoot } from "react-dom/client";

import type { Call } from "@hubbub/client";
import { App } from "./App.tsx";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");

/** For diagnosis: `await hubbub.stats()` in the console returns the WebRTC statistics of both transports. */
function expose(call: Call): void {
  Object.assign(globalThis, { hubbub: { call, stats: () => call.rtcStats() } });
}

createRoot(root).render(<App onCall={expose} />);
