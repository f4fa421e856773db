/**
 * What `/docs` answers without the token of an admin. Browsers do not send the fragment (`#token=`) to servers, so this page
 * asks with it, and shows the reference to whoever may read it.
 */

import { readAddress } from "./address.ts";

const { token } = readAddress(location.search, location.hash);
const answer = token ? await fetch("docs", { headers: { Authorization: `Bearer ${token}` } }) : undefined;
if (answer?.ok) await import("./docs.ts");
else document.getElementById("locked")!.hidden = false;
