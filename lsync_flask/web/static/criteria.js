// The criteria of a definition: the field picker by keyboard and mouse, values to tick, numbers of the rows.
(function () {
  "use strict";

  function listOf(input) { return document.getElementById(input.getAttribute("aria-controls")); }
  function isPicker(element) { return element && element.matches && element.matches('[role="combobox"]'); }
  function optionsOf(list) { return Array.from(list.querySelectorAll('[role="option"]:not([aria-disabled])')); }

  function show(input, is) {
    listOf(input).hidden = !is;
    input.setAttribute("aria-expanded", String(is));
    if (!is) input.removeAttribute("aria-activedescendant");
  }

  function mark(input, option) {
    optionsOf(listOf(input)).forEach(function (one) { one.setAttribute("aria-selected", String(one === option)); });
    if (!option) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function choose(input, option) {
    var row = input.closest(".row");
    input.closest(".combobox").querySelector("input[type=hidden]").value = option.dataset.value;
    input.value = input.dataset.chosen = option.dataset.label;
    show(input, false);
    window.htmx.trigger(input, "htmx:abort");
    window.htmx.trigger(row, "chosen");
  }

  document.addEventListener("focusin", function (event) {
    if (!isPicker(event.target)) return;
    event.target.select();
  });
  document.addEventListener("click", function (event) {
    if (isPicker(event.target)) ask(event.target);
  });
  // At the press, not at the release: in between the list may come anew.
  document.addEventListener("mousedown", function (event) {
    if (!event.target.closest('[role="listbox"]')) return;
    event.preventDefault(); // the focus stays in the search field
    var option = event.target.closest('[role="option"]');
    if (option && !option.hasAttribute("aria-disabled")) choose(option.closest(".combobox").querySelector('[role="combobox"]'), option);
  });
  document.addEventListener("focusout", function (event) {
    if (!isPicker(event.target)) return;
    event.target.value = event.target.dataset.chosen;
    show(event.target, false);
  });

  // What stands there already is not what is searched for: pressing it shows all fields.
  function ask(input) {
    if (input.value === input.dataset.chosen) input.dataset.all = "1";
    window.htmx.trigger(input, "search-fields");
  }
  document.addEventListener("htmx:configRequest", function (event) {
    if (!isPicker(event.detail.elt)) return;
    if (event.detail.elt.dataset.all) event.detail.parameters.search = "";
    delete event.detail.elt.dataset.all;
  });
  document.addEventListener("htmx:afterSwap", function (event) {
    var input = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (!isPicker(input) || !document.contains(input)) return;
    show(input, document.activeElement === input);
    mark(input, input.value ? optionsOf(listOf(input))[0] : null);
  });

  document.addEventListener("keydown", function (event) {
    if (!isPicker(event.target)) return;
    var input = event.target;
    var options = optionsOf(listOf(input));
    var place = options.findIndex(function (one) { return one.getAttribute("aria-selected") === "true"; });
    var isOpen = !listOf(input).hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) return ask(input);
      mark(input, options[(place + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (isOpen && options[place]) choose(input, options[place]);
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      input.value = input.dataset.chosen;
      show(input, false);
    }
  });

  // Another operator or period may take another input: the row comes anew.
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-chooses]")) window.htmx.trigger(event.target.closest(".row"), "chosen");
    var choices = event.target.closest("details.choices");
    if (choices && event.target.type === "checkbox") name(choices);
  });

  function name(choices) {
    var labels = Array.from(choices.querySelectorAll("input:checked")).map(function (box) { return box.parentNode.textContent.trim(); });
    choices.querySelector("summary").textContent = labels.join(", ") || "Choose values …";
  }

  document.addEventListener("input", function (event) {
    if (!event.target.matches("[data-filters]")) return;
    var wanted = event.target.value.toLowerCase();
    event.target.closest(".panel").querySelectorAll("label").forEach(function (label) {
      label.hidden = label.textContent.toLowerCase().indexOf(wanted) < 0;
    });
  });

  function number() {
    var rows = document.querySelectorAll(".criterion");
    rows.forEach(function (row, place) {
      row.querySelector("[data-number]").textContent = String(place + 1);
      row.setAttribute("aria-label", "Criterion " + (place + 1));
    });
    var none = document.getElementById("no-rows");
    if (none) none.hidden = rows.length > 0;
  }

  function isWrong() {
    var logic = document.getElementById("logic");
    if (!logic) return;
    if (document.querySelector("#logic-problem [data-wrong]")) logic.setAttribute("aria-invalid", "true");
    else logic.removeAttribute("aria-invalid");
  }

  document.addEventListener("htmx:afterSettle", function (event) {
    number();
    isWrong();
    var row = event.detail.elt;
    var request = event.detail.requestConfig;
    // What was chosen leads on: from the field to its operator's value.
    if (row.matches && row.matches(".row")) changed();
    if (request && request.triggeringEvent && request.triggeringEvent.type === "chosen") {
      var value = document.querySelector("#" + row.id + " .value :is(input:not([type=hidden]), select, summary)");
      if (value && !row.contains(document.activeElement)) value.focus();
    }
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest("[data-removes]")) { number(); changed(); }
  });

  function changed() {
    var form = document.getElementById("definition") || document.getElementById("mapping");
    if (form) form.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("DOMContentLoaded", number);
})();
