import { describe, expect, it } from "vitest";

import { explain, explainDevice } from "../src/strings.ts";

describe("an explanation", () => {
  it("names the device once", () => {
    const refused = { code: "camera_refused", message: "Permission denied" };
    expect(explainDevice("camera", refused)).toMatch(/^Camera: The browser was not allowed/);
    expect(explainDevice("microphone", { code: "no_device", message: "" })).toBe("Microphone: None was found.");
  });

  it("is the message of the error if its code has none", () => {
    expect(explain({ code: "unsupported_browser", message: "This page needs HTTPS." })).toBe("This page needs HTTPS.");
  });

  it.each(["invalid_argument", "internal", "too_large"])("of %s contains no text of a library", (code) => {
    expect(explain({ code, message: "callId: String should have at most 64 characters" })).not.toMatch(/String|callId/);
  });
});
