// Installed before the page's scripts: when a client hears that its media node has died, when it sends over another one, and the longest
// time between two frames that are shown. Times are in Unix milliseconds.
{
  const now = () => performance.timeOrigin + performance.now();
  const connections = [];
  let seen = {};
  let last;

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      connections.push(this);
    }
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.includes('["peerMoved"')) seen.told ??= now();
      });
    }
  };
  const setParameters = RTCRtpSender.prototype.setParameters;
  RTCRtpSender.prototype.setParameters = async function (parameters) {
    await setParameters.call(this, parameters);
    if (this.track?.kind === "video" && parameters.encodings.some(({ active }) => active)) seen.active ??= now();
  };

  const watch = (video) => {
    const shown = (at, { receiveTime = at }) => {
      const time = performance.timeOrigin + at;
      const { from = 0, to = 0 } = seen.gap ?? {};
      if (last !== undefined && time - last > to - from) seen.gap = { from: last, to: time, received: performance.timeOrigin + receiveTime };
      last = time;
      video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  };
  new MutationObserver(() => {
    for (const video of document.querySelectorAll(".hb-tile:not([data-own]) video:not([data-watched])")) {
      video.dataset.watched = "";
      watch(video);
    }
  }).observe(document, { childList: true, subtree: true });

  globalThis.failover = {
    begin: () => {
      seen = {};
      last = undefined;
    },
    end: () => ({ told: null, active: null, gap: null, ...seen }),
    // Bytes that the connections of a standby, or all, have exchanged: those without media, unless `all`.
    bytes: async (all) => {
      let total = 0;
      for (const connection of connections) {
        if (connection.connectionState !== "connected") continue;
        const reports = [...(await connection.getStats()).values()];
        const hasMedia = reports.some(({ type, packetsSent, packetsReceived }) => /^(in|out)bound-rtp$/.test(type) && (packetsSent ?? packetsReceived) > 0);
        if (hasMedia && !all) continue;
        for (const { type, bytesSent, bytesReceived } of reports) if (type === "transport") total += bytesSent + bytesReceived;
      }
      return total;
    },
  };
}
