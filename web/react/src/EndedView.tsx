import type { Call } from "@hubbub/client";
import { ENDINGS, ENDINGS_BY_CODE, explain } from "./strings.ts";

export interface EndedViewProps {
  ended: NonNullable<Call["ended"]>;
  onRejoin(): void;
  /** Called by the button "Back to the start"; without it there is no such button. */
  onHome?: (() => void) | undefined;
}

/** The reason why a call ended, with a button to rejoin. */
export function EndedView({ ended: { reason, error }, onRejoin, onHome }: EndedViewProps) {
  const { title, text, again } = (error && ENDINGS_BY_CODE[error.code]) ?? ENDINGS[reason];
  return (
    <section className="hb-ended" aria-labelledby="hb-ended">
      <h1 id="hb-ended" tabIndex={-1} ref={(heading) => heading?.focus()}>
        {title}
      </h1>
      <p role={reason === "left" ? undefined : "alert"}>{text || (error && explain(error))}</p>
      <div className="hb-row">
        <button type="button" className="hb-button hb-primary" data-action="rejoin" onClick={onRejoin}>
          {again}
        </button>
        {onHome && (
          <button type="button" className="hb-button" data-action="home" onClick={onHome}>
            Back to the start
          </button>
        )}
      </div>
    </section>
  );
}
