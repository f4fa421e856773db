// A call without a framework: ?server=...&room=...&name=... (an application imports "@hubbub/client").
import { Call } from "../../src/sdk/index.js";

const query = new URLSearchParams(location.search);
const call = new Call({ url: query.get("server"), room: query.get("room"), name: query.get("name") });

call.on("published", (participant, publication) => {
  const element = document.createElement(publication.kind);
  element.dataset.of = participant.name;
  element.muted = participant.isLocal;
  document.querySelector("#people").append(element);
  publication.attach(element);
});
call.on("unpublished", (_participant, publication) => publication.detachAll().forEach((element) => element.remove()));

await call.join();
await call.local.setMicrophone(true);
await call.local.setCamera(true);

// For whoever looks at it from the console.
globalThis.call = call;
