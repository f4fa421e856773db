/** A ringing tone, made of two sine waves: no file to load. */

/** Seconds. */
const PERIOD = 3;
const TONES = [
  { start: 0, end: 0.4 },
  { start: 0.6, end: 1 },
];
const FREQUENCIES = [440, 554.37];
const VOLUME = 0.2;
/** Seconds that a tone takes to rise and to fall: without them it clicks. */
const EDGE = 0.03;

/**
 * Plays the tone until the returned function is called. A page that the user has not touched yet may not play: then the tone starts
 * with the first click or key.
 */
export function startRinging(): () => void {
  // Not in every browser, and not on a server.
  if (typeof AudioContext === "undefined") return () => undefined;
  const context = new AudioContext();
  const source = context.createBufferSource();
  const buffer = context.createBuffer(1, PERIOD * context.sampleRate, context.sampleRate);
  buffer.copyToChannel(samples(context.sampleRate), 0);
  source.buffer = buffer;
  // Timers of a tab in the background are throttled; a loop is not.
  source.loop = true;
  source.connect(context.destination);
  source.start();
  const resume = () => void context.resume();
  addEventListener("pointerdown", resume);
  addEventListener("keydown", resume);
  return () => {
    removeEventListener("pointerdown", resume);
    removeEventListener("keydown", resume);
    void context.close();
  };
}

/** Returns one period of the tone. @param rate - Samples per second. */
export function samples(rate: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(PERIOD * rate);
  for (const { start, end } of TONES) {
    for (let at = Math.round(start * rate); at < end * rate; at += 1) {
      const time = at / rate;
      const envelope = Math.min(1, (time - start) / EDGE, (end - time) / EDGE);
      const wave = FREQUENCIES.reduce((sum, frequency) => sum + Math.sin(2 * Math.PI * frequency * time), 0) / FREQUENCIES.length;
      result[at] = VOLUME * envelope * wave;
    }
  }
  return result;
}
