import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

import { sourceConditions } from "./sources.mts";

const project = (name: string) => ({
  resolve: { conditions: sourceConditions },
  ssr: { resolve: { conditions: ["@hubbub/source", ...defaultServerConditions] } },
  test: { name, root: import.meta.dirname, include: [`${name}/**/*.test.{ts,tsx}`] },
});

export default defineConfig({ test: { projects: ["client", "react", "page", "tests"].map(project) } });
