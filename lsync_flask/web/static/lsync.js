// What the pages need beside htmx: the session's header, a fresh session when it has ended, and the frame's height.
(function () {
  "use strict";

  var meta = function (name) {
    var tag = document.querySelector('meta[name="' + name + '"]');
    return tag ? tag.content : "";
  };
  var session = meta("lsync-session");
  var client = {
    oauthToken: "none", // the SDK asks for one; the real one stays on the server
    instanceId: meta("lsync-instance"),
    targetOrigin: meta("lsync-origin"),
  };
  var isFramed = window.parent !== window && client.instanceId && window.Sfdc;

  document.addEventListener("htmx:configRequest", function (event) {
    if (session) event.detail.headers.Authorization = "Bearer " + session;
  });

  // The session has ended: Salesforce signs a fresh request for the same user, and what was asked for goes on.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.detail.xhr.status !== 401 || !isFramed) return;
    event.detail.shouldSwap = false;
    refresh(event.detail.requestConfig);
  });

  function refresh(request) {
    window.Sfdc.canvas.client.refreshSignedRequest(function (answer) {
      if (answer.status !== 200) return window.Sfdc.canvas.client.repost(true);
      var body = new URLSearchParams({ signed_request: answer.payload.response });
      fetch("/canvas/refresh", { method: "POST", body: body, headers: { Authorization: "Bearer " + session } })
        .then(function (reply) { return reply.ok ? reply.json() : Promise.reject(reply.status); })
        .then(function (fresh) {
          session = fresh.session;
          window.htmx.ajax(request.verb.toUpperCase(), request.path, {
            source: request.elt, target: request.target, values: request.parameters, swap: "innerHTML",
          });
        })
        .catch(function () { window.Sfdc.canvas.client.repost(true); });
    });
  }

  // The frame grows with what is in it. The SDK accepts messages of any origin; ours go to Salesforce's alone.
  function fit() {
    if (isFramed) window.Sfdc.canvas.client.resize(client, { height: document.documentElement.scrollHeight + "px" });
  }
  document.addEventListener("htmx:afterSettle", function () { fit(); focusHeading(); });
  window.addEventListener("load", fit);

  function focusHeading() {
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

  if (document.querySelector("[data-repost]") && window.Sfdc) window.Sfdc.canvas.client.repost(true);
})();
