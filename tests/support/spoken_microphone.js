// Replaces the microphone by a recording, which `speak()` plays once. RECORDING is a WAV file in base64.
const audio = new AudioContext();
const microphone = new MediaStreamAudioDestinationNode(audio);
const devices = navigator.mediaDevices;
const open = devices.getUserMedia.bind(devices);

devices.getUserMedia = async ({ video, audio: wantsAudio }) => {
  // Small, as the machine that transcribes encodes the pictures, too.
  const stream = video ? await open({ video: { width: 320, height: 180, frameRate: 10 } }) : new MediaStream();
  if (wantsAudio) stream.addTrack(microphone.stream.getAudioTracks()[0].clone());
  return stream;
};

globalThis.speak = async () => {
  const bytes = Uint8Array.from(atob(RECORDING), (character) => character.charCodeAt(0));
  const voice = new AudioBufferSourceNode(audio, { buffer: await audio.decodeAudioData(bytes.buffer) });
  voice.connect(microphone);
  voice.start(audio.currentTime + 0.5);
};
