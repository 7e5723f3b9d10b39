// Unsaved changes are kept in the browser's tab until they are saved: neither a reload nor another page loses them.
(function () {
  "use strict";

  function draftOf(form) { return "lsync-draft:" + form.dataset.draft; }
  function store() { try { return window.sessionStorage; } catch (error) { return null; } }

  // Secrets are never kept.
  function spell(form) {
    var fields = new FormData(form);
    form.querySelectorAll("input[type=password]").forEach(function (one) { fields.delete(one.name); });
    return new URLSearchParams(fields).toString();
  }

  function keep(form) {
    var kept = store();
    if (kept) try { kept.setItem(draftOf(form), spell(form)); } catch (error) { return; }
  }

  ["input", "change"].forEach(function (name) {
    document.addEventListener(name, function (event) {
      var form = event.target.closest && event.target.closest("form[data-draft]");
      if (form && form === event.target) return keep(form);
      if (form && !event.target.matches('[role="combobox"]')) keep(form);
    });
  });
  // A row that is taken out changes the form too.
  document.addEventListener("click", function (event) {
    var form = event.target.closest("[data-removes]") && event.target.closest("form[data-draft]");
    if (form) setTimeout(function () { form.dispatchEvent(new Event("change", { bubbles: true })); }, 0);
    var drops = event.target.closest("[data-drops-draft]");
    if (drops) drop(document.querySelector("form[data-draft]"));
  }, true);

  function drop(form) {
    var kept = store();
    if (form && kept) kept.removeItem(draftOf(form));
  }

  // A form that comes as it is saved, though there were changes: they are put in again.
  function restore() {
    var form = document.querySelector("form[data-draft]");
    var kept = store();
    if (!form || !kept) return;
    if ("saved" in form.dataset) return drop(form);
    if ("changed" in form.dataset) return keep(form);
    var draft = kept.getItem(draftOf(form));
    if (!draft) return;
    var values = new FormData();
    new URLSearchParams(draft).forEach(function (value, name) { values.append(name, value); });
    values.append("do", "draft");
    window.htmx.ajax("POST", form.getAttribute("action"), { target: "body", swap: "innerHTML", values: toObject(values) });
  }

  function toObject(values) {
    var found = {};
    values.forEach(function (value, name) { found[name] = name in found ? [].concat(found[name], value) : value; });
    return found;
  }

  document.addEventListener("DOMContentLoaded", restore);
  document.addEventListener("htmx:afterSettle", function (event) { if (event.detail.elt === document.body) restore(); });

  // A field that was made becomes the target of the row that asked for it.
  document.addEventListener("field-made", function (event) {
    var row = document.getElementById("row-" + event.detail.row);
    if (!row) return;
    row.querySelector('[name^="field."]').value = event.detail.name;
    window.htmx.trigger(row, "chosen");
  });
})();
