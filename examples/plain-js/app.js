import { Call } from "@hubbub/client";

const query = new URLSearchParams(location.search);
const [form, status, people, leave] = ["form", "#status", "#people", "#leave"].map((selector) => document.querySelector(selector));

if (query.has("room")) await joinCall(query.get("server") ?? undefined, query.get("room"), query.get("name"));

async function joinCall(url, room, name) {
  const call = new Call({ url, room, name });
  globalThis.call = call; // For the browser's console.

  call.on("state", (state) => (status.textContent = state));
  call.on("ended", (reason, error) => {
    status.textContent = `The call has ended: ${error?.message ?? reason}.`;
    [form.hidden, leave.hidden] = [false, true];
  });
  call.on("published", (participant, publication) => {
    const element = document.createElement(publication.kind); // "audio" or "video"
    element.dataset.of = participant.name;
    element.muted = participant.isLocal;
    people.append(element);
    publication.attach(element);
  });
  call.on("unpublished", (_participant, publication) => publication.detachAll().forEach((element) => element.remove()));
  leave.addEventListener("click", () => call.leave());

  try {
    await call.join();
  } catch {
    return; // The "ended" listener has shown the error.
  }
  [form.hidden, leave.hidden] = [true, false];
  // The call continues without a microphone or a camera.
  await call.local.setMicrophone(true).catch((error) => (status.textContent = error.message));
  await call.local.setCamera(true).catch((error) => (status.textContent = error.message));
}
