// Watches a room by WHEP, without a library.

const RETRY_DELAY = 2000;
const query = new URLSearchParams(location.search);
const token = location.hash.slice(1);
const video = document.querySelector("#video");
const status = document.querySelector("#status");

for (const [name, value] of query) {
  const input = document.querySelector(`input[name="${name}"]`);
  if (input) input.value = value;
}
if (query.get("room")) watchForever(query.get("server"), query.get("room"));

/** Watches again whenever the session has ended: its node may have died, or everybody may have left. */
async function watchForever(server, room) {
  for (;;) {
    try {
      status.textContent = "connecting";
      await watch(`${server}/whep/${encodeURIComponent(room)}`);
    } catch (error) {
      status.textContent = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
  }
}

/** Watches until the connection ends. Throws when the endpoint refuses. */
async function watch(endpoint) {
  const connection = new RTCPeerConnection();
  const ended = new Promise((resolve) => {
    connection.onconnectionstatechange = () => {
      status.textContent = connection.connectionState;
      if (["failed", "closed"].includes(connection.connectionState)) resolve();
    };
  });
  let session;
  const leave = () => {
    if (session) fetch(session, { method: "DELETE", headers: authorization(), keepalive: true }).catch(() => undefined);
  };
  addEventListener("pagehide", leave);
  try {
    video.srcObject = new MediaStream(
      ["audio", "video"].map((kind) => connection.addTransceiver(kind, { direction: "recvonly" }).receiver.track),
    );
    await connection.setLocalDescription();
    // The server has a public address, so the offer needs no candidates of ours.
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...authorization() },
      body: connection.localDescription.sdp,
    });
    if (!response.ok) throw new Error((await response.json()).error.message);
    session = new URL(response.headers.get("Location"), endpoint);
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
    await ended;
  } finally {
    leave();
    removeEventListener("pagehide", leave);
    connection.close();
  }
}

function authorization() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}
