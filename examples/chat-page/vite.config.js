import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  // Only needed in Hubbub's repository, where @hubbub/client and @hubbub/react resolve to their sources. Leave it out in a project of your own.
  resolve: { conditions: ["@hubbub/source", ...defaultClientConditions] },
  build: { target: "es2022" },
});
