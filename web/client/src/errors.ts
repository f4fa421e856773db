/** Errors with codes that do not change: the server's, and a few of this side. */

/** What goes wrong before the server is asked. */
export type LocalCode =
  | "camera_refused"
  | "microphone_refused"
  | "screen_refused"
  | "no_device"
  | "device_in_use"
  | "unsupported_browser"
  | "unreachable";

export class CallError extends Error {
  override readonly name = "CallError";

  /** `code` is a {@link LocalCode}, or the server's own: `room_not_found`, `quota_exceeded`, `unavailable`, ... */
  constructor(
    readonly code: string,
    message: string,
    readonly retryable = false,
    override readonly cause?: unknown,
  ) {
    super(message);
  }

  static of(error: unknown): CallError {
    if (error instanceof CallError) return error;
    return new CallError("internal", error instanceof Error ? error.message : String(error), false, error);
  }
}

const DEVICE_CODES: Record<string, LocalCode> = {
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "device_in_use",
  AbortError: "device_in_use",
};

/** Why a device could not be had (https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia). */
export function deviceError(what: "camera" | "microphone" | "screen", error: unknown): CallError {
  const name = error instanceof Error ? error.name : "";
  const code = DEVICE_CODES[name] ?? (name === "TypeError" ? "unsupported_browser" : (`${what}_refused` as const));
  return new CallError(code, error instanceof Error ? error.message : String(error), false, error);
}
