// Devices that show and sound the same all the time, and a measurement of what the tab plays and shows.
// FREQUENCY is that of this page's microphone, in hertz.
const audio = new AudioContext();
const microphone = new MediaStreamAudioDestinationNode(audio);
const tone = new OscillatorNode(audio, { frequency: FREQUENCY });
tone.connect(new GainNode(audio, { gain: 0.3 })).connect(microphone);
tone.start();

const camera = () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const context = canvas.getContext("2d");
  let count = 0;
  setInterval(() => {
    context.fillStyle = `hsl(${FREQUENCY % 360} 40% 40%)`;
    context.fillRect(0, 0, 640, 360);
    context.fillStyle = "white";
    context.fillRect((count * 7) % 600, 160, 40, 40);
    count += 1;
  }, 1000 / 30);
  return canvas.captureStream(30).getVideoTracks()[0];
};

const devices = navigator.mediaDevices;
devices.getUserMedia = async ({ video, audio: sound }) => {
  return new MediaStream([...(video ? [camera()] : []), ...(sound ? [microphone.stream.getAudioTracks()[0].clone()] : [])]);
};

const BLOCKS = `registerProcessor("blocks", class extends AudioWorkletProcessor {
  #block = [];
  process([[samples]]) {
    if (samples) this.#block.push(...samples);
    if (this.#block.length >= sampleRate / 100) this.port.postMessage(this.#block.splice(0, sampleRate / 100));
    return true;
  }
});`;

// The loudness of what the tab plays, in blocks of 10 ms.
const levels = [];

globalThis.listen = async () => {
  const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false };
  const video = { width: 16, height: 16, frameRate: 1 };
  const output = await devices.getDisplayMedia({ video, audio: processing, preferCurrentTab: true });
  await audio.audioWorklet.addModule(URL.createObjectURL(new Blob([BLOCKS], { type: "text/javascript" })));
  const blocks = new AudioWorkletNode(audio, "blocks");
  new MediaStreamAudioSourceNode(audio, { mediaStream: output }).connect(blocks);
  blocks.port.onmessage = ({ data }) => levels.push(Math.sqrt(data.reduce((sum, sample) => sum + sample * sample, 0) / data.length));
};

const longestRun = (matches) => {
  let [longest, run] = [0, 0];
  for (const match of matches) longest = Math.max(longest, (run = match ? run + 1 : 0));
  return longest * 10;
};

// What was played since the last call: how loud, and for how many milliseconds it was silent, or louder or softer than usual.
globalThis.heard = () => {
  const played = levels.splice(0);
  const usual = played.toSorted((one, other) => one - other)[Math.floor(played.length / 2)] ?? 0;
  return {
    usual,
    duration: played.length * 10,
    silent: longestRun(played.map((level) => level < usual / 4)),
    uneven: longestRun(played.map((level) => level < usual * 0.7 || level > usual * 1.3)),
  };
};
