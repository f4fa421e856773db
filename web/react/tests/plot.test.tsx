// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { lines, Plot } from "../src/Plot.tsx";
import { bitrate } from "../src/StatsOverlay.tsx";

describe("a plot", () => {
  it("draws the newest value at the right edge and the highest at the top", () => {
    expect(lines([0, 50, 100], 100, 3)).toEqual([[[0, 47], [120, 25], [240, 3]]]);
  });

  it("interrupts the line where a measurement is missing", () => {
    expect(lines([1, undefined, 1], 1, 3)).toHaveLength(2);
    expect(lines([undefined], 1)).toEqual([]);
  });

  it("has a text alternative with the current and the highest value", () => {
    render(<Plot label="Sent" values={[300_000, 1_500_000, 200_000]} format={bitrate} />);
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe("Sent: 200 kbit/s, at most 1.5 Mbit/s in the last minute");
    expect(screen.getByText("200 kbit/s")).toBeTruthy();
  });
});
