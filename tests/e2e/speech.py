"""A microphone that speaks."""

from support.browser import Tab

# Chromium's fake microphone only beeps. This one speaks: syllables of 200 ms, a word each second.
_SPEAK = """async ([volume, between]) => {
  const audio = new AudioContext();
  const voice = new OscillatorNode(audio, { frequency: 180, type: "sawtooth" });
  const loudness = new GainNode(audio, { gain: between });
  const microphone = new MediaStreamAudioDestinationNode(audio);
  voice.connect(loudness).connect(microphone);
  for (let at = 0; at < 120; at += 1) {
    for (const syllable of [0, 0.25, 0.5]) {
      loudness.gain.setValueAtTime(volume, at + syllable);
      loudness.gain.setValueAtTime(between, at + syllable + 0.2);
    }
  }
  voice.start();
  await hubbub.call.local.publish(microphone.stream.getAudioTracks()[0], "microphone");
}"""


async def speak(tab: Tab, volume: float = 0.5, between: float = 0.0) -> None:
    """Replaces the microphone of the tab by a voice that speaks for two minutes.

    `volume` is the amplitude of the syllables, 0 to 1, `between` that of the pauses.
    """
    await tab.page.evaluate(_SPEAK, [volume, between])
