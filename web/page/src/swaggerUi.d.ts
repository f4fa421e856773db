declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface SentRequest {
    url: string;
    headers: Record<string, string>;
  }

  /** The options that the reference uses. */
  interface Options {
    domNode: Element | null;
    url: string;
    validatorUrl: null;
    requestInterceptor: (request: SentRequest) => SentRequest;
  }

  export default function SwaggerUI(options: Options): unknown;
}
