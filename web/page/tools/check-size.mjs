// What a first visit to the page loads: all of its JavaScript, gzipped, against what it may weigh.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 250;

const assets = join(import.meta.dirname, "..", "dist", "assets");
const bytes = readdirSync(assets)
  .filter((name) => name.endsWith(".js"))
  .reduce((sum, name) => sum + gzipSync(readFileSync(join(assets, name)), { level: 9 }).length, 0);
const kilobytes = Math.ceil(bytes / 1000);
console.log(`first load: ${kilobytes} kB of JavaScript gzipped, of ${LIMIT_KB} allowed`);
if (kilobytes > LIMIT_KB) process.exit(1);
