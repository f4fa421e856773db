import { useEffect, useRef } from "react";

/** Told to assistive technology this often, in milliseconds; the bar itself moves with every frame. */
const TELL = 500;
/** Loudness in dBFS that fills nothing and everything of the bar. */
const [QUIET, LOUD] = [-60, -12];

/** How loud a microphone is: a bar from silence to loud. */
export function LevelMeter({ track }: { track: MediaStreamTrack | undefined }) {
  const meter = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!track || typeof AudioContext === "undefined") return undefined;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let frame = 0;
    let told = 0;
    const draw = (now: number) => {
      analyser.getFloatTimeDomainData(samples);
      const level = loudness(samples);
      meter.current?.style.setProperty("--hb-level", level.toFixed(3));
      if (now - told > TELL) {
        told = now;
        meter.current?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
      }
      frame = requestAnimationFrame(draw);
    };
    frame = requestAnimationFrame(draw);
    const element = meter.current;
    return () => {
      cancelAnimationFrame(frame);
      element?.style.setProperty("--hb-level", "0");
      void context.close();
    };
  }, [track]);
  return (
    <div ref={meter} className="hb-meter" role="meter" aria-label="Microphone level" aria-valuemin={0} aria-valuemax={100} aria-valuenow={0}>
      <span />
    </div>
  );
}

/** From 0, silence, to 1, loud, evenly for the ear: by the decibel. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels - QUIET) / (LOUD - QUIET)));
}
