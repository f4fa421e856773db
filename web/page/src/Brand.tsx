/** The logo: two overlapping speech bubbles. */
function Logo() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M4 6.5A3.5 3.5 0 0 1 7.5 3h11A3.5 3.5 0 0 1 22 6.5v7a3.5 3.5 0 0 1-3.5 3.5H11l-5 4.5V17A3.5 3.5 0 0 1 4 13.5z" />
      <path className="second" d="M25 10.5h.5A3.5 3.5 0 0 1 29 14v6.5a3.5 3.5 0 0 1-2 3.2V28l-4.5-4H16a3.5 3.5 0 0 1-3.3-2.5" />
    </svg>
  );
}

/** Logo and name, linked to the start page. */
export function Brand({ onHome }: { onHome?: () => void }) {
  return (
    <a
      className="brand"
      href="./"
      onClick={(event) => {
        if (!onHome || event.metaKey || event.ctrlKey) return;
        event.preventDefault();
        onHome();
      }}
    >
      <Logo />
      <span>Hubbub</span>
    </a>
  );
}
