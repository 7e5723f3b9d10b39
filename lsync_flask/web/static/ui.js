// What the shared parts of the pages do: dialogs, menus, toasts, and where the focus goes.
(function () {
  "use strict";

  var TOAST_MS = 6000;

  function open(dialog, opener) {
    dialog.showModal();
    // The frame is as tall as its page, so the middle of it may be far from where the user looks.
    var room = document.documentElement.scrollHeight - dialog.offsetHeight - 16;
    var wanted = opener ? opener.getBoundingClientRect().top + window.scrollY - 120 : 16;
    dialog.style.marginTop = Math.max(16, Math.min(wanted, room)) + "px";
    dialog.scrollIntoView({ block: "nearest" });
    var first = dialog.querySelector('[aria-invalid="true"], [data-focus]');
    if (first) first.focus({ preventScroll: true });
  }

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-opens]");
    if (opener) {
      event.preventDefault();
      open(document.getElementById(opener.dataset.opens), opener);
      return;
    }
    if (event.target.closest("[data-closes]") || event.target.matches("dialog.modal")) event.target.closest("dialog").close();
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target) || event.target.closest("[data-opens]")) menu.open = false;
    });
  });

  document.addEventListener("keydown", function (event) {
    var menu = event.key === "Escape" && event.target.closest && event.target.closest("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // A text of the page as a file, and a file as a text of the page.
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-saves]");
    if (!button) return;
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById(button.dataset.saves).value], { type: "text/yaml" }));
    link.download = button.dataset.name;
    link.setAttribute("hx-boost", "false");
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  });
  document.addEventListener("change", function (event) {
    var file = event.target.matches("[data-reads]") && event.target.files[0];
    if (file) file.text().then(function (text) { document.getElementById(event.target.dataset.reads).value = text; });
  });

  function start(root) {
    root.querySelectorAll("[data-toast]:not(.error)").forEach(function (toast) {
      var timer = setTimeout(function () { toast.remove(); }, TOAST_MS);
      toast.addEventListener("pointerenter", function () { clearTimeout(timer); });
      toast.addEventListener("focusin", function () { clearTimeout(timer); });
    });
    var opened = root.querySelector("dialog[data-open]");
    if (opened && !opened.open) open(opened, null);
    var here = root.querySelector('nav [aria-current="page"]');
    if (here) here.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // After a page or a part came: the first mistake gets the focus, else the new page's heading, which is then read out.
  document.addEventListener("htmx:afterSettle", function (event) {
    start(event.detail.elt);
    // Chromium lets no `autofocus` work in a frame of another site.
    var wanted = event.detail.elt.matches("[data-focus]") ? event.detail.elt : event.detail.elt.querySelector("[data-focus]");
    if (wanted && !wanted.closest("dialog") && event.detail.elt !== document.body) { wanted.focus(); wanted.removeAttribute("data-focus"); }
    if (event.detail.elt !== document.body) return;
    var wrong = document.querySelector('[aria-invalid="true"]');
    var target = wrong || document.querySelector("h1");
    if (target && !document.querySelector("dialog[open]")) target.focus({ preventScroll: !wrong });
  });
  document.addEventListener("DOMContentLoaded", function () { start(document); });
})();
