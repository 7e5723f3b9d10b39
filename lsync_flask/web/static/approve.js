// The approval of a user: a popup, since Salesforce's own pages refuse to be framed, and then a fresh signed request.
(function () {
  "use strict";

  var said = document.querySelector("[data-approve-said]");

  function goOn() {
    window.Sfdc.canvas.client.repost(true);
  }

  document.addEventListener("click", function (event) {
    var ask = event.target.closest("[data-approve]");
    if (ask && !window.open(ask.dataset.approve, "lsync-approve", "popup,width=560,height=720")) {
      said.textContent = "The browser has blocked the window. Allow pop-ups for this page, and press the button again.";
    }
    if (event.target.closest("[data-approved]")) goOn();
  });

  // The popup is of our own origin: only then can it reach this function.
  if (said) window.lsyncApproved = goOn;

  if (document.querySelector("[data-is-approved]")) {
    try {
      window.opener.lsyncApproved();
      window.close();
    } catch (error) {
      console.info("The tab does not hear this window; press Go on there.");
    }
  }
})();
