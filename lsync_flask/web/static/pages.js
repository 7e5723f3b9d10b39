// What single pages need: downloads with the session's header, and a word when the live part cannot be reached.
(function () {
  "use strict";

  // The header of the last request: lsync.js sets it, and a fresh session changes it.
  var tag = document.querySelector('meta[name="lsync-session"]');
  var authorization = tag ? "Bearer " + tag.content : "";
  document.addEventListener("htmx:configRequest", function (event) {
    authorization = event.detail.headers.Authorization || authorization;
  });

  // A plain link would carry no header, and the cookie may be blocked in the frame.
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[data-download]");
    if (!link) return;
    event.preventDefault();
    if (link.ariaBusy === "true") return;
    link.ariaBusy = "true";
    fetch(link.href, { headers: authorization ? { Authorization: authorization } : {} })
      .then(function (answer) { return answer.ok ? answer : Promise.reject(answer.status); })
      .then(function (answer) {
        var named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "");
        return answer.blob().then(function (blob) { save(blob, named ? named[1] : "lsync.csv"); });
      })
      .catch(function () { link.textContent = "Not downloaded: press again"; })
      .finally(function () { link.ariaBusy = "false"; });
  });

  function save(blob, name) {
    var made = document.createElement("a");
    made.href = URL.createObjectURL(blob);
    made.download = name;
    made.click();
    setTimeout(function () { URL.revokeObjectURL(made.href); }, 60000);
  }

  // The live part: an error is no news of the activity, so what is shown stays, and the next poll tries again.
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (!isLive(event)) return;
    var failed = event.detail.xhr.status >= 400;
    if (failed) event.detail.shouldSwap = false;
    tell(failed && event.detail.xhr.status !== 401);
  });
  ["htmx:sendError", "htmx:timeout"].forEach(function (name) {
    document.addEventListener(name, function (event) { if (isLive(event)) tell(true); });
  });

  function isLive(event) { return event.detail.elt && event.detail.elt.id === "live"; }

  function tell(isLost) {
    var said = document.getElementById("lost");
    if (said) said.hidden = !isLost;
  }
})();
