/**
 * Vite settings of the workspace: `@hubbub/client` and `@hubbub/react` resolve to their sources instead of their build in
 * `lib`, so that the dev server, the bundler and the tests need no build step.
 */

import { defaultClientConditions } from "vite";

export const sourceConditions = ["@hubbub/source", ...defaultClientConditions];
