/** The page: entrance, call, and what is said when something is wrong. */

import "./style.css";

import { Call, type CallState } from "./call.js";
import { capture } from "./devices.js";
import { Tiles } from "./tiles.js";

const OWN = "own";
const STATUS: Record<CallState, string> = {
  joining: "Joining…",
  joined: "In the call",
  reconnecting: "The connection is lost. Trying again…",
  ended: "",
};

function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found as T;
}

const entrance = element<HTMLFormElement>("entrance");
const section = element("call");
const status = element("status");
const problem = element("problem");
const tiles = new Tiles(element("tiles"), element<HTMLTemplateElement>("tile"));
const switches = { audio: element<HTMLButtonElement>("microphone"), video: element<HTMLButtonElement>("camera") };
const query = new URLSearchParams(location.search);

let call: Call | undefined;

function say(text: string | undefined): void {
  problem.textContent = text ?? "";
  problem.hidden = !text;
}

function size(name: string, fallback: number): number {
  const value = Number(query.get(name));
  return Number.isInteger(value) && value > 0 ? value : fallback;
}

async function join(room: string, name: string): Promise<void> {
  say(undefined);
  status.textContent = "Asking for camera and microphone…";
  const { tracks, problem: missing } = await capture(size("width", 1280), size("height", 720));
  say(missing);
  entrance.hidden = true;
  section.hidden = false;
  tiles.add(OWN, name, true);
  for (const track of tracks) tiles.addTrack(OWN, track.kind, track);
  for (const [kind, button] of Object.entries(switches)) {
    button.disabled = !tracks.some((track) => track.kind === kind);
    show(kind as keyof typeof switches, true);
  }
  const codec = query.get("codec");
  const video = { ...(codec ? { codec } : {}), simulcast: query.has("simulcast") };
  call = new Call(room, name, tracks, video, {
    state: (state, why) => entered(state, why, tracks),
    peerJoined: (peer) => tiles.add(peer.peerId, peer.displayName),
    peerLeft: (peerId) => tiles.remove(peerId),
    track: (peerId, producerId, track) => tiles.addTrack(peerId, producerId, track),
    trackEnded: (peerId, producerId) => tiles.removeTrack(peerId, producerId),
    trackPaused: (peerId, kind, paused) => tiles.setPaused(peerId, kind, paused),
  });
  // A handle for diagnosis: `await hubbub.stats()` in the console.
  Object.assign(globalThis, { hubbub: call });
  call.start();
}

function entered(state: CallState, why: string | undefined, tracks: MediaStreamTrack[]): void {
  document.body.dataset["state"] = state;
  status.textContent = STATUS[state];
  if (state !== "ended") return;
  for (const track of tracks) track.stop();
  tiles.clear();
  section.hidden = true;
  entrance.hidden = false;
  if (why) say(why);
}

function show(kind: keyof typeof switches, on: boolean): void {
  const button = switches[kind];
  button.setAttribute("aria-pressed", String(on));
  button.textContent = `${kind === "audio" ? "Microphone" : "Camera"} ${on ? "on" : "off"}`;
  tiles.setPaused(OWN, kind, !on);
}

for (const kind of ["audio", "video"] as const) {
  switches[kind].addEventListener("click", () => {
    const on = switches[kind].getAttribute("aria-pressed") !== "true";
    show(kind, on);
    call?.setPaused(kind, !on).catch((error: Error) => say(error.message));
  });
}

element("leave").addEventListener("click", () => void call?.leave());

// A closed tab leaves: only one whose connection broke is waited for.
addEventListener("pagehide", () => void call?.leave());

entrance.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(entrance);
  join(String(form.get("room")), String(form.get("name"))).catch((error: Error) => say(error.message));
});

const room = entrance.elements.namedItem("room") as HTMLInputElement;
const name = entrance.elements.namedItem("name") as HTMLInputElement;
room.value = query.get("room") ?? "";
name.value = query.get("name") ?? "";
if (query.has("join") && room.value && name.value) entrance.requestSubmit();
