import { useEffect, useState } from "react";

import { Icon } from "./icons.tsx";

/** A button that copies the link to a call. Shows the link if the browser denies access to the clipboard. */
export function InviteLink({ url, compact = false }: { url: string; compact?: boolean }) {
  const [copied, setCopied] = useState<boolean>();
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(undefined), 2_500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    const done = navigator.clipboard?.writeText(url) ?? Promise.reject(new Error("no clipboard"));
    done.then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <div className="hb-invite" data-compact={compact || undefined}>
      {(!compact || copied === false) && <input readOnly value={url} aria-label="Link to this call" onFocus={(event) => event.target.select()} />}
      <button type="button" className="hb-button" data-action="invite" onClick={copy}>
        <Icon name={copied ? "check" : "link"} />
        <span>{copied ? "Copied" : "Copy link"}</span>
      </button>
      <span className="hb-sr" role="status">
        {copied ? "The link is copied." : ""}
      </span>
    </div>
  );
}
