/** What a test waits for is bounded by the time of the test alone: a loaded machine may stand still for seconds. */

import { vi } from "vitest";

/** Less than the `testTimeout` of vitest.config.mts, so that the failed condition is reported. */
export const CONDITION_TIMEOUT_MS = 20_000;

const { waitFor } = vi;
vi.waitFor = (condition, options) => waitFor(condition, options ?? CONDITION_TIMEOUT_MS);
