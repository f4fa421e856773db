/** The interactive reference of the HTTP routes, at `/docs`. Requests carry the access token of the fragment (`#token=`). */

import "swagger-ui-dist/swagger-ui.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

import { readAddress } from "./address.ts";

const { token } = readAddress(location.search, location.hash);

SwaggerUI({
  domNode: document.getElementById("docs"),
  url: "openapi.json",
  // Otherwise a page of somebody else would be asked whether the document is valid.
  validatorUrl: null,
  requestInterceptor: (request) => {
    const own = new URL(request.url, location.href).origin === location.origin;
    if (own && token) request.headers.Authorization = `Bearer ${token}`;
    return request;
  },
});
