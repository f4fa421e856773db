/** Elements that go from one track to another without a gap, when both deliver the same. */

/** A browser does not say when an element plays a track that delivers nothing, in milliseconds. */
const STARTS_WITHIN_MS = 1_000;

/** Gives an element a track to play, from its beginning. */
export function play(element: HTMLMediaElement, track: MediaStreamTrack | undefined): Promise<void> {
  element.srcObject = track ? new MediaStream([track]) : null;
  // A browser may reject autoplay until the user interacts with the page; controls of the element, or attach, retry.
  return track ? (element.play()?.catch(() => undefined) ?? Promise.resolve()) : Promise.resolve();
}

/**
 * Lets elements play another track than before. Resolves when all do.
 *
 * @param elements - Those that play `previous`. Others begin with `next`.
 * @param previous - It is silent afterwards.
 */
export async function switchTrack(elements: readonly HTMLMediaElement[], previous: MediaStreamTrack, next: MediaStreamTrack): Promise<void> {
  const playing = elements.filter((element) => plays(element, previous));
  for (const element of elements) if (!playing.includes(element)) void play(element, next);
  if (next.kind === "audio") return switchAudio(playing, previous, next);
  for (const element of playing) {
    // Another stream would show nothing until its first frame. Firefox stays with the track that was there first.
    const stream = element.srcObject as MediaStream;
    stream.removeTrack(previous);
    stream.addTrack(next);
  }
}

/**
 * An element is silent for about 100 ms when its stream changes, in whatever way. Another element, which plays the new track from the
 * moment at which the previous one falls silent, bridges that time.
 */
async function switchAudio(elements: readonly HTMLMediaElement[], previous: MediaStreamTrack, next: MediaStreamTrack): Promise<void> {
  const bridges = await Promise.all(elements.map((element) => bridge(element, next)));
  previous.enabled = false;
  // Others were detached meanwhile, or got another track.
  await started(Promise.all(elements.filter((element) => plays(element, previous)).map((element) => play(element, next))));
  for (const element of bridges) if (element) element.srcObject = null;
}

/** Returns a playing element that sounds like `element`; `undefined` if that is silent. */
async function bridge(element: HTMLMediaElement, track: MediaStreamTrack): Promise<HTMLMediaElement | undefined> {
  if (element.paused || element.muted) return undefined;
  const other = document.createElement("audio");
  other.volume = element.volume;
  other.srcObject = new MediaStream([track]);
  try {
    if (element.sinkId) await other.setSinkId(element.sinkId);
    await started(other.play());
    return other;
  } catch {
    // The browser does not let the page play a new element; this one may play on.
    return undefined;
  }
}

/** Waits until something plays, but not for ever. */
async function started(playing: Promise<unknown>): Promise<void> {
  await Promise.race([playing, new Promise((resolve) => setTimeout(resolve, STARTS_WITHIN_MS))]);
}

function plays({ srcObject }: HTMLMediaElement, track: MediaStreamTrack): boolean {
  return (srcObject as MediaStream | null)?.getTracks().includes(track) ?? false;
}
