// The service's routes. What has not changed comes out of the browser's cache, which asks with If-None-Match itself.

import { sentence } from "./format.js";
import { refused, token } from "./session.js";

/** Why there is no answer. `status` 0: the service cannot be reached. `field`: which setting is wrong, if one is. */
export class ApiError extends Error {
  constructor(status, detail, field = null) {
    super(detail);
    this.name = "ApiError";
    Object.assign(this, { status, detail, field });
  }
}

/** @typedef {{signal?: AbortSignal}} Options */

/** @param {string} path below /api, or a whole address  @param {Options} [options] */
export const get = (path, options) => ask("GET", path, undefined, options);

/** @param {any} [body] a Blob is sent as it is, everything else as JSON  @param {Options} [options] */
export const post = (path, body, options) => ask("POST", path, body, options);

/** @param {Options} [options] */
export const remove = (path, options) => ask("DELETE", path, undefined, options);

/** An address below /api out of its parts: `address("matches", name, "rounds")`. */
export const address = (...parts) => `/api/${parts.map(encodeURIComponent).join("/")}`;

/** All items of a list that comes in pages. */
export async function everything(path, options, most = Infinity) {
  const items = [];
  for (;;) {
    const page = await get(`${path}?offset=${items.length}&limit=200`, options);
    items.push(...page.items);
    if (items.length >= Math.min(page.total, most) || page.items.length === 0) return items;
  }
}

async function ask(method, path, body, { signal } = {}) {
  const headers = {};
  if (token()) headers.authorization = `Bearer ${token()}`;
  const isRaw = body instanceof Blob;
  if (body !== undefined && !isRaw) headers["content-type"] = "application/json";
  const answer = await reach(path.startsWith("/") ? path : `/api/${path}`, {
    method,
    headers,
    signal,
    body: body === undefined || isRaw ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status === 401) refused();
  if (!answer.ok) throw problem(answer.status, text);
  return text === "" ? null : JSON.parse(text);
}

async function reach(url, request) {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The arena's service does not answer.");
  }
}

function problem(status, text) {
  try {
    const { detail, field } = JSON.parse(text);
    return new ApiError(status, sentence(String(detail)), field ?? null);
  } catch {
    return new ApiError(status, `The service answered with status ${status}.`);
  }
}
