/** Who speaks, from how loud everybody is: pure, time is an argument. */

/** Of 0 to 1: above it somebody speaks. */
export const LOUD = 0.02;
/** Pauses between words are shorter, ms. */
const PAUSE_MS = 800;
/** So long the one who was heard last stays in front, ms. */
const HOLD_MS = 1_500;
/** How much of a sample goes into the smoothed level. */
const WEIGHT = 0.4;

interface Heard {
  level: number;
  lastLoud: number;
}

export interface Loudness {
  level: number;
  speaking: boolean;
}

export class Speakers<Who> {
  readonly #heard = new Map<Who, Heard>();
  #active: { who: Who; since: number } | undefined;

  /** Who is in front: the loudest of those who speak, the former one for as long as it is a matter of words. */
  get active(): Who | undefined {
    return this.#active?.who;
  }

  /** Takes one sample of everybody (0 to 1); who is not in it is gone. */
  hear(samples: ReadonlyMap<Who, number>, now: number): ReadonlyMap<Who, Loudness> {
    for (const who of this.#heard.keys()) if (!samples.has(who)) this.#heard.delete(who);
    const result = new Map<Who, Loudness>();
    for (const [who, sample] of samples) {
      const before = this.#heard.get(who) ?? { level: 0, lastLoud: -Infinity };
      const level = before.level + WEIGHT * (sample - before.level);
      const lastLoud = level >= LOUD ? now : before.lastLoud;
      this.#heard.set(who, { level, lastLoud });
      result.set(who, { level, speaking: now - lastLoud < PAUSE_MS });
    }
    this.#choose(result, now);
    return result;
  }

  #choose(loudness: ReadonlyMap<Who, Loudness>, now: number): void {
    const current = this.#active;
    if (current && !loudness.has(current.who)) this.#active = undefined;
    else if (current && now - current.since < HOLD_MS) return;
    const speaking = [...loudness].filter(([, { speaking }]) => speaking);
    const [loudest] = speaking.sort(([, a], [, b]) => b.level - a.level);
    if (loudest && loudest[0] !== this.#active?.who) this.#active = { who: loudest[0], since: now };
  }
}
