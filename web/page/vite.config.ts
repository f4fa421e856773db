import { defineConfig } from "vite";

import { sourceConditions } from "../sources.mts";

export default defineConfig({
  base: "./",
  resolve: { conditions: sourceConditions },
  server: {
    // The page connects to its own origin; in development that is Vite, which passes the socket on to `make up`.
    proxy: { "/socket.io": { target: "http://localhost:4000", ws: true } },
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    rollupOptions: { input: { index: "index.html", docs: "docs.html", "docs-locked": "docs-locked.html" } },
    // Leaves light-dark() as it is: what lightningcss makes of it does not follow data-theme.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // tools/check-size.mjs limits the size of the page.
    chunkSizeWarningLimit: 1000,
  },
});
