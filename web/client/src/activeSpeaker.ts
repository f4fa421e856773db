/** Active speaker detection from audio levels. Pure: time is an argument. */

/** Smoothed level, 0 to 1, from which a participant counts as speaking. */
export const SPEECH_LEVEL = 0.02;
/** A participant stops speaking after this many milliseconds below the threshold; longer than the pauses between words. */
const SILENCE_MS = 800;
/** Minimum time in milliseconds between two changes of the active speaker. */
const MIN_ACTIVE_MS = 1_500;
/** Weight of a new sample in the smoothed level. */
const SMOOTHING = 0.4;

interface LevelHistory {
  level: number;
  lastSpeechAt: number;
}

export interface SpeechLevel {
  /** Smoothed level, 0 to 1. */
  level: number;
  speaking: boolean;
}

export class ActiveSpeakerDetector<Id> {
  readonly #history = new Map<Id, LevelHistory>();
  #active: { id: Id; since: number } | undefined;

  /** The loudest participant who speaks. The previous speaker stays active while nobody speaks. */
  get active(): Id | undefined {
    return this.#active?.id;
  }

  /**
   * Processes one sample of all participants. Participants without a sample are forgotten.
   *
   * @param samples - Levels, 0 to 1.
   * @param now - Milliseconds.
   */
  update(samples: ReadonlyMap<Id, number>, now: number): ReadonlyMap<Id, SpeechLevel> {
    for (const id of this.#history.keys()) if (!samples.has(id)) this.#history.delete(id);
    const result = new Map<Id, SpeechLevel>();
    for (const [id, sample] of samples) {
      const before = this.#history.get(id) ?? { level: 0, lastSpeechAt: -Infinity };
      const level = before.level + SMOOTHING * (sample - before.level);
      const lastSpeechAt = level >= SPEECH_LEVEL ? now : before.lastSpeechAt;
      this.#history.set(id, { level, lastSpeechAt });
      result.set(id, { level, speaking: now - lastSpeechAt < SILENCE_MS });
    }
    this.#updateActive(result, now);
    return result;
  }

  #updateActive(levels: ReadonlyMap<Id, SpeechLevel>, now: number): void {
    const current = this.#active;
    if (current && !levels.has(current.id)) this.#active = undefined;
    else if (current && now - current.since < MIN_ACTIVE_MS) return;
    const speaking = [...levels].filter(([, { speaking }]) => speaking);
    const [loudest] = speaking.sort(([, a], [, b]) => b.level - a.level);
    if (loudest && loudest[0] !== this.#active?.id) this.#active = { id: loudest[0], since: now };
  }
}
