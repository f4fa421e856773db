/** Initials on a colour derived from the name, in place of a video. */
export function Avatar({ name }: { name: string }) {
  return (
    <span className="hb-avatar" style={{ "--hb-hue": hue(name) } as React.CSSProperties} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** Returns the first letters of the first and the last word; `?` for an empty name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? ([...word][0] ?? "") : ""));
  return letters.join("").toUpperCase() || "?";
}

/** Returns a hue in degrees. It depends on the name alone. */
export function hue(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % 360;
}
