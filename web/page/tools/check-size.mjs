// Fails if the gzipped JavaScript of the page exceeds the limit.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 250;

const assets = join(import.meta.dirname, "..", "dist", "assets");
const bytes = readdirSync(assets)
  // The reference of the HTTP routes is a page of its own.
  .filter((name) => name.endsWith(".js") && !name.startsWith("docs-"))
  .reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0);
const kilobytes = Math.ceil(bytes / 1000);
console.log(`JavaScript of the page: ${kilobytes} kB gzipped (limit ${LIMIT_KB} kB)`);
if (kilobytes > LIMIT_KB) process.exit(1);
