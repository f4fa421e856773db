import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  // Only needed in Hubbub's repository, where @hubbub/client resolves to its sources. Leave it out in a project of your own.
  resolve: { conditions: ["@hubbub/source", ...defaultClientConditions] },
  build: { target: "es2022" },
});
