import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

import { sourceConditions } from "./sources.mts";

const project = (name: string, setup = "conditions") => ({
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: ["@hubbub/source", ...defaultServerConditions] } },
  test: {
    name,
    root: import.meta.dirname,
    include: [`${name}/**/*.test.{ts,tsx}`],
    setupFiles: [`./${setup}.mts`],
    // A test that works needs a small part of it, also on a loaded machine.
    testTimeout: 30_000,
  },
});

export default defineConfig({ test: { projects: [project("client"), project("react", "rendered"), project("page", "rendered"), project("tests")] } });
