/** The page's beginning. */

import "@hubbub/react/styles.css";
import "./page.css";

import { createRoot } from "react-dom/client";

import type { Call } from "@hubbub/client";
import { App } from "./App.tsx";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no #root");

/** A handle for diagnosis: `await hubbub.stats()` in the console has the browser's own reports of both transports. */
function expose(call: Call): void {
  Object.assign(globalThis, { hubbub: { call, stats: () => call.rtcStats() } });
}

createRoot(root).render(<App onCall={expose} />);
