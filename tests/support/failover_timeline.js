// Installed before the page's scripts: when a client hears that its media node has died, when what sends and what receives has been made
// anew, and the long times between two frames that are shown. Times are in Unix milliseconds.
{
  // Of 30 frames a second.
  const LONG = 50;
  const now = () => performance.timeOrigin + performance.now();
  // Senders of video that do not send yet.
  const inactive = new WeakSet();
  let seen;
  let last;

  const begin = () => {
    seen = { told: null, gaps: [], sends: [], receives: [] };
    last = undefined;
  };
  begin();

  const isSending = (connection) => connection.getTransceivers().some(({ direction }) => direction.startsWith("send"));

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected") (isSending(this) ? seen.sends : seen.receives).push(now());
      });
    }

    addTransceiver(track, options) {
      const transceiver = super.addTransceiver(track, options);
      const { sendEncodings = [{}] } = options ?? {};
      if (track.kind === "video" && sendEncodings.every(({ active }) => active === false)) inactive.add(transceiver.sender);
      return transceiver;
    }
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.includes('["peerMoved"')) seen.told ??= now();
      });
    }

    send(data) {
      super.send(data);
      if (typeof data === "string" && data.includes('["resumeConsumer"')) seen.receives.push(now());
    }
  };
  const { setParameters } = RTCRtpSender.prototype;
  RTCRtpSender.prototype.setParameters = async function (parameters) {
    await setParameters.call(this, parameters);
    if (!inactive.has(this) || !parameters.encodings.some(({ active }) => active)) return;
    inactive.delete(this);
    seen.sends.push(now());
  };

  const watch = (video) => {
    const shown = (at, { receiveTime = at }) => {
      const time = performance.timeOrigin + at;
      if (time - last > LONG) seen.gaps.push({ from: last, to: time, received: performance.timeOrigin + receiveTime });
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

  // `waited`: for how many milliseconds no frame has been shown; `null`: none was since the beginning.
  globalThis.failover = { begin, look: () => ({ ...seen, waited: last === undefined ? null : now() - last }) };
}
