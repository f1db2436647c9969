/** URL and URLSearchParams. */
import "./guest/url-search-params.ts";
import "./guest/url.ts";
