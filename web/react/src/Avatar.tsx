/** Who somebody is while there is no picture: initials on a colour of their own. */
export function Avatar({ name }: { name: string }) {
  return (
    <span className="hb-avatar" style={{ "--hb-hue": hue(name) } as React.CSSProperties} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

/** Of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => (word ? ([...word][0] ?? "") : ""));
  return letters.join("").toUpperCase() || "?";
}

/** Degrees; the same name has the same colour everywhere. */
export function hue(name: string): number {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % 360;
}
