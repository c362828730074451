// Node as a reader of paths: three ways in which programs on it find out what was asked for. Started with one port for each.
"use strict";
const http = require("node:http");

const once = (text) => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const isClosed = (segments) =>
  segments[0] === "admin" ||
  (segments[0] === "api" && segments[1] === "internal") ||
  (segments.length === 2 && segments[0] === "vault" && segments[1] === "keys");

const exact = (path) => isClosed(path.split("/").filter((segment) => segment !== ""));

// What `new URL` makes of the target: the WHATWG's rules, by which `\` is `/`, tabs vanish and `//x/y` names a host.
const byUrl = (request) => {
  const path = once(new URL(request.url, "http://reader").pathname);
  return { path, closed: exact(path) };
};

// As the common routers do it: patterns that do not mind the case, on the path as it came, with the slash at the end left open.
const ROUTES = [/^\/admin(?:\/.*)?$/i, /^\/api\/internal(?:\/.*)?$/i, /^\/vault\/keys\/?$/i];
const byRoute = (request) => {
  const path = request.url.split("?")[0];
  return { path: once(path), closed: ROUTES.some((route) => route.test(path)) };
};

// Text that is brought into one Unicode form (NFKC) after decoding, so that full-width letters, dots and slashes become plain ones; names are
// trimmed.
const byUnicode = (request) => {
  const raw = Buffer.from(request.url.split("?")[0], "latin1").toString("utf8");
  const resolved = [];
  for (const name of once(raw).normalize("NFKC").split("/")) {
    const segment = name.trimEnd();
    if (segment === "..") resolved.pop();
    else if (segment !== "" && segment !== ".") resolved.push(segment);
  }
  return { path: "/" + resolved.join("/"), closed: isClosed(resolved) };
};

[byUrl, byRoute, byUnicode].forEach((read, index) => {
  const server = http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
    request.resume();
    let answer;
    try {
      const { path, closed } = read(request);
      answer = (closed ? "closed " : "open ") + path;
    } catch {
      response.statusCode = 400;
      answer = "none";
    }
    response.end(answer);
  });
  server.listen(Number(process.argv[2 + index]), "127.0.0.1");
});
