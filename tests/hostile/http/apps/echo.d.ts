declare const echo: { fetch(request: Request): Promise<Response> };
export default echo;
