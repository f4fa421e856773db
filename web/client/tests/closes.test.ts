import { expect, test } from "vitest";

import { Closes } from "../src/closes.ts";
import { CallError } from "../src/errors.ts";

test("what the server refuses for good is done, and what it cannot do now is asked again", async () => {
  const errors = [new CallError("unavailable", "later", true), new CallError("not_found", "no", false)];
  const asked: string[] = [];
  const closes = new Closes((id) => {
    asked.push(id);
    return Promise.reject(errors[asked.length - 1] as CallError);
  });
  closes.add("one");
  expect(await closes.perform()).toBe(errors[0]);
  expect(await closes.perform()).toBeUndefined();
  expect(await closes.perform()).toBeUndefined();
  expect(asked).toEqual(["one", "one"]);
});

test("a request that is under way is not sent twice", async () => {
  const answers: (() => void)[] = [];
  const closes = new Closes(() => new Promise<void>((resolve) => answers.push(resolve)));
  closes.add("one");
  const both = Promise.all([closes.perform(), closes.perform()]);
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await both;
});
