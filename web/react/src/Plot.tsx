/** Size of the drawing in SVG units. */
const WIDTH = 240;
const HEIGHT = 48;

export interface PlotProps {
  label: string;
  /** One value per second, oldest first; undefined where there is no measurement. */
  values: readonly (number | undefined)[];
  format(value: number): string;
  /** Minimum value of the top edge, so that noise near zero stays small. */
  floor?: number;
}

/** A plot of the last minute: a line over a filled area. */
export function Plot({ label, values, format, floor = 1 }: PlotProps) {
  const latest = values.findLast((value) => value !== undefined);
  const known = values.filter((value) => value !== undefined);
  const text = latest === undefined ? "–" : format(latest);
  const top = Math.max(floor, ...known);
  return (
    <figure className="hb-plot">
      <figcaption>
        <span>{label}</span>
        <b>{text}</b>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${label}: ${text}, at most ${format(Math.max(0, ...known))} in the last minute`}>
        <line x1="0" x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {lines(values, top).map((points) => (
          <g key={points[0]?.[0]}>
            <polygon points={`${points[0]?.[0]},${HEIGHT} ${join(points)} ${points.at(-1)?.[0]},${HEIGHT}`} />
            <polyline points={join(points)} />
          </g>
        ))}
      </svg>
    </figure>
  );
}

type Point = readonly [x: number, y: number];

/**
 * Returns the points of one line for each uninterrupted run of measurements. The newest value is at the right edge.
 *
 * @param top - Value at the top edge.
 * @param kept - Number of values over the whole width.
 */
export function lines(values: readonly (number | undefined)[], top: number, kept = 60): Point[][] {
  const runs: Point[][] = [[]];
  values.forEach((value, index) => {
    if (value === undefined) {
      runs.push([]);
      return;
    }
    const x = WIDTH * (1 - (values.length - 1 - index) / (kept - 1));
    runs.at(-1)?.push([round(x), round(HEIGHT - 1 - (value / top) * (HEIGHT - 4))]);
  });
  return runs.filter((run) => run.length > 0);
}

function join(points: readonly Point[]): string {
  return points.map((point) => point.join(",")).join(" ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
