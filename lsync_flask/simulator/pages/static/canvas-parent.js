// The page's side of Canvas: it posts the signed request into the frame and answers the frame's messages.
// Every message is one line of JSON with targetModule "Canvas", as the Canvas SDK expects it.
"use strict";
(() => {
  const PARENT_VERSION = "67.0";
  const ONE_LINE = /^\{.*\}$/;
  const config = JSON.parse(document.getElementById("canvas-config").textContent);
  const appOrigin = new URL(config.canvasUrl).origin;
  const place = document.getElementById("canvas-place");
  const trouble = document.getElementById("canvas-trouble");
  const form = document.getElementById("canvas-form");
  const subscriptions = new Map();
  let cached = form.elements.signed_request.value;
  let frame = null;

  function buildFrame() {
    frame = document.createElement("iframe");
    frame.name = `canvas-frame-${config.instanceId}`;
    frame.title = "LSync";
    frame.style.width = config.dimensions.width;
    frame.style.height = config.dimensions.height;
    place.replaceChildren(frame);
    subscriptions.clear();
  }

  function openApp() {
    buildFrame();
    if (config.approved) {
      form.elements.signed_request.value = cached;
      form.submit();
    } else {
      frame.src = config.canvasUrl;
    }
  }

  async function askForRequest() {
    const dimensions = {
      ...config.dimensions,
      clientWidth: `${place.clientWidth}px`,
      clientHeight: `${place.clientHeight}px`,
    };
    const environment = { ...config.environment, dimensions };
    const client = { targetOrigin: config.targetOrigin, instanceId: config.instanceId };
    const path = `/services/data/v${PARENT_VERSION}/platformconnect/signedrequest`;
    const answer = await fetch(`${path}?canvas=${encodeURIComponent(config.developerName)}`, {
      method: "PUT",
      headers: { Authorization: `OAuth ${config.session}`, "Content-Type": "application/json" },
      body: JSON.stringify({ canvasRequest: { context: { environment }, client } }),
    });
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    return { status: answer.status, statusText: answer.statusText, payload: await answer.json(), headers };
  }

  function post(message) {
    const versions = { parentVersion: PARENT_VERSION, clientVersion: "41.0" };
    const line = JSON.stringify({ ...versions, ...message, targetModule: "Canvas" });
    frame.contentWindow.postMessage(line, appOrigin);
  }

  function reply(message, { status, statusText, payload, headers = "" }) {
    const { seq, clientVersion = "41.0" } = message;
    post({ seq, clientVersion, payload, status, statusText, responseHeaders: headers, type: "callback" });
  }

  function emit(name, payload) {
    post({ payload: { name, method: "onData", payload }, type: "event" });
  }

  const OK = { status: 200, statusText: "OK" };

  function capped(wanted, limit) {
    const size = Number.parseInt(wanted, 10);
    if (!Number.isFinite(size) || size <= 0) return null;
    const most = limit === "infinite" ? Infinity : Number.parseInt(limit, 10);
    return `${Math.min(size, most)}px`;
  }

  function resize(message) {
    const size = message.body.size || {};
    const height = capped(size.height, config.dimensions.maxHeight);
    const width = capped(size.width, config.dimensions.maxWidth);
    if (height) frame.style.height = height;
    if (width) frame.style.width = width;
    if (subscriptions.has("canvas.resize")) {
      emit("canvas.resize", { height: frame.style.height, width: frame.style.width });
    }
  }

  function scrolled() {
    if (!frame || !subscriptions.has("canvas.scroll")) return;
    const root = document.documentElement;
    emit("canvas.scroll", {
      heights: { contentHeight: root.scrollHeight, pageHeight: root.clientHeight, scrollTop: root.scrollTop },
      widths: { contentWidth: root.scrollWidth, pageWidth: root.clientWidth, scrollLeft: root.scrollLeft },
    });
  }

  async function tellContext(message) {
    const answer = await askForRequest();
    if (answer.status === 200) {
      const bytes = Uint8Array.from(atob(answer.payload.response.split(".")[1]), (letter) => letter.charCodeAt(0));
      answer.payload = JSON.parse(new TextDecoder().decode(bytes)).context;
    }
    reply(message, answer);
  }

  async function refresh(message) {
    const answer = await askForRequest();
    if (answer.status === 200) cached = answer.payload.response;
    reply(message, answer.status === 403 ? { ...answer, payload: {} } : answer);
  }

  async function repost(message) {
    const asked = message.body.refresh;
    if (asked === true || (asked && asked.refresh)) {
      const answer = await askForRequest();
      if (answer.status !== 200) return fail(answer);
      cached = answer.payload.response;
      config.approved = true;
    }
    openApp();
  }

  function fail(answer) {
    trouble.hidden = false;
    const [error] = Array.isArray(answer.payload) ? answer.payload : [];
    trouble.textContent = error ? `${error.message.replace(/\.$/, "")}. Reload the page to go on.` : "LSync could not be opened.";
  }

  async function ajax(message) {
    const { url, config: wish = {} } = message.body;
    const target = new URL(url, location.href);
    // The org answers here too; no other part of this site is the frame's business.
    if (!target.pathname.startsWith("/services/")) {
      const error = { message: "The requested resource does not exist", errorCode: "NOT_FOUND" };
      reply(message, { status: 404, statusText: "Not Found", payload: [error] });
      return;
    }
    const { method = "GET", contentType, headers = {}, data } = wish;
    const answer = await fetch(target.pathname + target.search, {
      method,
      headers: { ...headers, ...(data ? { "Content-Type": contentType || "application/json" } : {}) },
      body: data || undefined,
      credentials: "omit",
    });
    const text = await answer.text();
    const told = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const isJson = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const payload = isJson && text ? JSON.parse(text) : text;
    reply(message, { status: answer.status, statusText: answer.statusText, payload, headers: told });
  }

  function subscribe(message) {
    for (const [name, wish] of Object.entries(message.body.subscriptions || {})) subscriptions.set(name, wish);
    reply(message, { ...OK, payload: {} });
  }

  function unsubscribe(message) {
    for (const name of Object.keys(message.body.subscriptions || {})) subscriptions.delete(name);
    reply(message, { ...OK, payload: {} });
  }

  function publish(message) {
    const event = message.body.event || {};
    if (subscriptions.has(event.name)) emit(event.name, event.payload);
    reply(message, { ...OK, payload: {} });
  }

  const answers = { ajax, ctx: tellContext, refresh, repost, resize, subscribe, unsubscribe, publish };

  function read(event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== appOrigin) return null;
    if (typeof event.data !== "string" || !ONE_LINE.test(event.data)) return null;
    try {
      const message = JSON.parse(event.data);
      const known = message?.body?.config?.client?.instanceId === config.instanceId;
      return message.targetModule === "Canvas" && known ? message : null;
    } catch {
      return null;
    }
  }

  window.addEventListener("message", (event) => {
    const message = read(event);
    const answer = message && answers[message.body.type];
    if (answer) answer(message);
    else if (message) console.warn(`The local org does not speak the Canvas message "${message.body.type}".`);
  });
  window.addEventListener("scroll", scrolled, { passive: true });
  document.getElementById("user").addEventListener("change", (event) => event.target.form.submit());

  openApp();
})();
