// The compiler leaves stylesheets where they are; the library has them beside its components.
import { cpSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
cpSync(join(root, "src", "react", "styles"), join(root, "lib", "react", "styles"), { recursive: true });
