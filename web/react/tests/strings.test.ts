import { describe, expect, it } from "vitest";

import { explain, explainDevice } from "../src/strings.ts";

describe("an explanation", () => {
  it("names the device once", () => {
    const refused = { code: "camera_refused", message: "Permission denied" };
    expect(explainDevice("camera", refused)).toMatch(/^Camera: The browser was not allowed/);
    expect(explainDevice("microphone", { code: "no_device", message: "" })).toBe("Microphone: None was found.");
  });

  it("is the message of the error if its code has none", () => {
    expect(explain({ code: "invalid_argument", message: "callId is too long" })).toBe("callId is too long");
  });
});
