import { useEffect, useRef } from "react";

/** Interval in milliseconds between updates for assistive technology. The bar itself moves with every frame. */
const ARIA_INTERVAL_MS = 500;
/** Levels in dBFS at the two ends of the bar. */
const [MIN_DBFS, MAX_DBFS] = [-60, -12];

/** The level of a microphone as a bar. */
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
    let announcedAt = 0;
    const draw = (now: number) => {
      analyser.getFloatTimeDomainData(samples);
      const level = loudness(samples);
      meter.current?.style.setProperty("--hb-level", level.toFixed(3));
      if (now - announcedAt > ARIA_INTERVAL_MS) {
        announcedAt = now;
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

/** Returns the loudness of the samples on a decibel scale: 0 at -60 dBFS or less, 1 at -12 dBFS or more. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibels - MIN_DBFS) / (MAX_DBFS - MIN_DBFS)));
}
