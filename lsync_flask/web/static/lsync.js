// What the pages need beside htmx: the session's header, a fresh session when it has ended, and the frame's height.
(function () {
  "use strict";

  var meta = function (name) {
    var tag = document.querySelector('meta[name="' + name + '"]');
    return tag ? tag.content : "";
  };
  var session = meta("lsync-session");
  var csrf = meta("lsync-csrf");
  var origins = meta("lsync-origins").split(" ");
  var client = {
    oauthToken: "none", // the SDK asks for one; the real one stays on the server
    instanceId: meta("lsync-instance"),
    targetOrigin: meta("lsync-origin"),
  };
  var isFramed = window.parent !== window && window.Sfdc && window.name.indexOf("canvas-frame-") === 0;
  var canResize = isFramed && client.instanceId && client.targetOrigin;

  // The SDK takes messages from anybody. Only those of the page around this frame, on the org's own hosts, get to it.
  window.addEventListener("message", function (event) {
    if (event.source !== window.parent || origins.indexOf(event.origin) < 0) event.stopImmediatePropagation();
  }, true);

  document.addEventListener("htmx:configRequest", function (event) {
    if (session) event.detail.headers.Authorization = "Bearer " + session;
    else if (csrf) event.detail.headers["X-CSRFToken"] = csrf;
  });

  // The session has ended: Salesforce signs a fresh request for the same user, and all that was asked for goes on.
  var waiting = [];
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status !== 401 || !isFramed) return;
    event.detail.shouldSwap = false;
    waiting.push(event.detail.requestConfig);
    if (waiting.length === 1) refresh();
  });

  function refresh() {
    window.Sfdc.canvas.client.refreshSignedRequest(function (answer) {
      if (answer.status !== 200) return repost();
      var body = new URLSearchParams({ signed_request: answer.payload.response });
      var headers = session ? { Authorization: "Bearer " + session } : {};
      fetch("/canvas/refresh", { method: "POST", body: body, headers: headers })
        .then(function (reply) { return reply.ok ? reply.json() : Promise.reject(reply.status); })
        .then(function (fresh) {
          session = fresh.session;
          waiting.splice(0).forEach(goOn);
        })
        .catch(repost);
    });
  }

  function goOn(request) {
    if (!document.contains(request.elt)) return;
    window.htmx.ajax(request.verb.toUpperCase(), request.path, {
      source: request.elt, target: request.target, values: request.formData, swap: swapOf(request.elt),
    });
  }

  // What the element itself says; without it htmx would put the answer inside what it is to replace.
  function swapOf(element) {
    var holder = element.closest("[hx-swap]");
    return holder ? holder.getAttribute("hx-swap") : undefined;
  }

  function repost() {
    window.Sfdc.canvas.client.repost(true);
  }

  // The frame is as tall as what is in it, also when that shrinks: the document is never shorter than the frame, its body is.
  var told = 0;
  function fit() {
    if (!canResize) return;
    var bottom = document.body.getBoundingClientRect().bottom + window.scrollY;
    document.querySelectorAll("dialog[open]").forEach(function (dialog) {
      bottom = Math.max(bottom, dialog.getBoundingClientRect().bottom + window.scrollY + 16);
    });
    var height = Math.ceil(bottom);
    if (height === told) return;
    told = height;
    window.Sfdc.canvas.client.resize(client, { height: height + "px" });
  }
  document.addEventListener("htmx:afterSettle", function (event) {
    fit();
    showProblem(event.detail.requestConfig);
  });
  window.addEventListener("load", function () {
    fit();
    new ResizeObserver(fit).observe(document.body);
  });
  document.addEventListener("toggle", fit, true); // dialogs and menus

  // Only what the user has just pressed may move the page; what comes by itself must not.
  function showProblem(request) {
    var cause = request && request.triggeringEvent;
    if (!cause || (cause.type !== "submit" && cause.type !== "click")) return;
    var problem = document.querySelector('[aria-invalid="true"], [role="alert"]');
    if (problem) problem.scrollIntoView({ block: "nearest" });
  }

  // A second press must not start a second thing.
  document.addEventListener("htmx:beforeRequest", function (event) {
    var button = event.detail.requestConfig.triggeringEvent && event.detail.requestConfig.triggeringEvent.submitter;
    if (button) button.disabled = true;
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var button = event.detail.requestConfig.triggeringEvent && event.detail.requestConfig.triggeringEvent.submitter;
    if (button) button.disabled = false;
  });

  document.addEventListener("click", function (event) {
    var remove = event.target.closest("[data-removes]");
    if (!remove) return;
    remove.closest(remove.dataset.removes).remove();
    number();
    fit();
  });
  document.addEventListener("htmx:afterSettle", number);

  // Criteria are numbered from 1, as the filter logic names them.
  function number() {
    document.querySelectorAll("[data-number]").forEach(function (cell, place) { cell.textContent = String(place + 1); });
  }

  // The link of a mail names a page.
  document.addEventListener("DOMContentLoaded", function () {
    if (meta("lsync-goes-to")) window.htmx.ajax("GET", meta("lsync-goes-to"), { target: "body", swap: "innerHTML" });
  });

  if (document.querySelector("[data-repost]") && isFramed) repost();
})();
