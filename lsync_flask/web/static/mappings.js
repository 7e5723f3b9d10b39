// Rows of a mapping: a row that is taken out is a change of its form, and a field that was made becomes its row's target.
(function () {
  "use strict";

  document.addEventListener("click", function (event) {
    var form = event.target.closest("[data-removes]") && event.target.closest("#mapping");
    if (form) setTimeout(function () { form.dispatchEvent(new Event("change", { bubbles: true })); }, 0);
  }, true);

  document.addEventListener("field-made", function (event) {
    var row = document.getElementById("row-" + event.detail.row);
    if (!row) return;
    row.querySelector('[name^="field."]').value = event.detail.name;
    window.htmx.trigger(row, "chosen");
  });
})();
