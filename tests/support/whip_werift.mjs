// A WHIP client on werift: an implementation of SDP, ICE, DTLS and SRTP in TypeScript, with nothing of ours.
// Usage: node whip_werift.mjs ENDPOINT TOKEN PORT. Publishes the VP8 of the RTP packets that arrive at the UDP port of
// this machine, until its standard input ends.
import { createSocket } from "node:dgram";
import { MediaStreamTrack, RTCPeerConnection, useVP8 } from "werift";

const [endpoint, token, port] = process.argv.slice(2);
const authorization = { Authorization: `Bearer ${token}` };

const connection = new RTCPeerConnection({ codecs: { audio: [], video: [useVP8()] } });
const track = new MediaStreamTrack({ kind: "video" });
connection.addTransceiver(track, { direction: "sendonly" });
await connection.setLocalDescription(await connection.createOffer());

const response = await fetch(endpoint, {
  method: "POST",
  headers: { ...authorization, "Content-Type": "application/sdp" },
  body: connection.localDescription.sdp,
});
const answer = await response.text();
if (response.status !== 201) throw new Error(`${response.status} ${answer}`);
const session = new URL(response.headers.get("Location"), endpoint);
await connection.setRemoteDescription({ type: "answer", sdp: answer });

const rtp = createSocket("udp4");
rtp.on("message", (packet) => track.writeRtp(packet));
rtp.bind(Number(port), "127.0.0.1");
connection.connectionStateChange.subscribe((state) => console.log(state));

process.stdin.on("end", async () => {
  await fetch(session, { method: "DELETE", headers: authorization });
  await connection.close();
  rtp.close();
});
process.stdin.resume();
