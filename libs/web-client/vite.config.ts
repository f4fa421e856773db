import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // The theme's light-dark() is left as it is: what it would be turned into does not follow data-theme.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // tools/check-size.mjs holds the page to what it may weigh.
    chunkSizeWarningLimit: 1000,
  },
});
