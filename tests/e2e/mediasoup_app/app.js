// A small application without the SDK: it uses mediasoup-client, ten events of the socket, and for ringing one route and one event.
import { Device } from "mediasoup-client";
import { io } from "socket.io-client";

const query = new URLSearchParams(location.search);
const socket = io(query.get("server"));
const device = new Device();
const videos = new Map();
const sounds = new Map();
const names = new Map();
let sendTransport;
let recvTransport;

const request = (event, data = {}) =>
  new Promise((resolve, reject) => {
    socket.emit(event, data, (response) => (response.error ? reject(new Error(response.error.message)) : resolve(response)));
  });

function wire(transport) {
  transport.on("connect", ({ dtlsParameters }, callback, errback) => {
    request("connectTransport", { transportId: transport.id, dtlsParameters }).then(callback, errback);
  });
  transport.on("produce", ({ kind, rtpParameters, appData }, callback, errback) => {
    request("produce", { transportId: transport.id, kind, rtpParameters, appData }).then(({ id }) => callback({ id }), errback);
  });
  return transport;
}

async function consume({ producerId, userId }) {
  const options = await request("consume", {
    transportId: recvTransport.id,
    producerId,
    rtpCapabilities: device.rtpCapabilities,
  });
  const consumer = await recvTransport.consume(options);
  await request("resumeConsumer", { consumerId: consumer.id });
  if (consumer.kind === "audio") {
    const audio = Object.assign(document.createElement("audio"), { autoplay: true, srcObject: new MediaStream([consumer.track]) });
    document.body.append(audio);
    sounds.set(userId, consumer);
    return;
  }
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true, srcObject: new MediaStream([consumer.track]) });
  document.body.append(video);
  videos.set(userId, video);
}

socket.on("peerJoined", ({ peerId, userId }) => names.set(peerId, userId));
socket.on("newProducer", (producer) => recvTransport && consume(producer));
socket.on("peerLeft", ({ userId }) => {
  videos.get(userId)?.remove();
  videos.delete(userId);
});

// For the test: the number of frames shown of a participant; undefined when there is no video.
globalThis.frames = (userId) => videos.get(userId)?.getVideoPlaybackQuality().totalVideoFrames;
// The statistics of a participant's audio.
globalThis.audioOf = async (userId) => {
  const reports = [...((await sounds.get(userId)?.getStats()) ?? new Map()).values()];
  return reports.find(({ type }) => type === "inbound-rtp");
};
globalThis.leave = () => request("leaveRoom");

async function enter(callId, userId) {
  const { rtpCapabilities } = await request("createRoom", { callId });
  await device.load({ routerRtpCapabilities: rtpCapabilities });
  await request("joinRoom", { callId, userId, rtpCapabilities: device.rtpCapabilities });
  recvTransport = wire(device.createRecvTransport(await request("createTransport", { direction: "recv" })));
  const { producers } = await request("getProducers");
  await Promise.all(producers.map(consume));

  // `send`: what to send, audio and video by default.
  const kinds = (query.get("send") ?? "audio,video").split(",");
  if (!kinds.includes("audio")) return;
  sendTransport = wire(device.createSendTransport(await request("createTransport", { direction: "send" })));
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: kinds.includes("video") && { width: 320, height: 180 } });
  for (const track of stream.getTracks()) await sendTransport.produce({ track });
}

// Calls a user, and enters the room when the call was answered. `calls` has the names of the events since then.
globalThis.call = async (userId) => {
  const own = query.get("name");
  const ringing = io(`${query.get("server")}/calls`, { auth: { userId: own } });
  globalThis.calls = [];
  ringing.onAny((event) => calls.push(event));
  ringing.once("callAccepted", ({ callId }) => enter(callId, own));
  await new Promise((resolve) => ringing.once("connect", resolve));
  await fetch(`${query.get("server")}/calls`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-User-Id": own },
    body: JSON.stringify({ participants: [userId] }),
  });
};

if (query.get("room")) socket.once("connect", () => enter(query.get("room"), query.get("name")));
