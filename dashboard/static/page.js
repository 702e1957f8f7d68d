// Keeps a page live: listens to what the server tells, and lets htmx ask for the page again.
// Everything works without it; then the page shows how things stood when it was asked for.
// It is loaded before the body, so that nothing is clicked or typed that it does not hear.
"use strict";

(() => {
  const SECOND = 1000;

  function connect() {
    const address = document.body.dataset.live;
    if (!address) return;
    const source = new EventSource(address); // reconnects by itself
    const sign = document.getElementById("live");
    const show = (state) => { if (sign) sign.dataset.state = state; };
    source.onopen = () => show("on");
    source.onerror = () => show("off");
    source.addEventListener("changed", () => {
      show("on");
      document.body.dispatchEvent(new CustomEvent("changed"));
    });
    source.addEventListener("progress", (event) => {
      const place = document.getElementById("progress");
      if (place) place.textContent = event.data;
    });
    window.addEventListener("pagehide", () => source.close());
  }

  // "in 12 s": counts down without asking anybody.
  function countDown() {
    const now = Date.now() / SECOND;
    for (const place of document.querySelectorAll("[data-until]")) {
      const left = Math.ceil(Number(place.dataset.until) - now);
      place.textContent = left > 0 ? inWords(left) : place.dataset.due || "";
    }
    for (const place of document.querySelectorAll("[data-since]")) {
      place.textContent = inWords(Math.max(0, Math.floor(now - Number(place.dataset.since))));
    }
  }

  function inWords(seconds) {
    const [days, hours, minutes] = [86400, 3600, 60].map((size) => Math.floor(seconds / size));
    if (days) return `${days} d ${hours % 24} h`;
    if (hours) return `${hours} h ${minutes % 60} min`;
    if (minutes) return `${minutes} min ${seconds % 60} s`;
    return `${seconds} s`;
  }

  // A select or checkbox with data-submit sends its form when it changes; a checkbox with
  // data-all ticks those of its name.
  document.addEventListener("change", (event) => {
    const from = event.target;
    if (from.dataset.submit !== undefined) from.form.requestSubmit();
    if (from.dataset.all) {
      for (const box of document.getElementsByName(from.dataset.all)) box.checked = from.checked;
    }
  });

  // Places of problems lead into the text: data-line and data-column of a button, data-editor of it.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-line]");
    if (!button) return;
    const editor = document.getElementById(button.dataset.editor);
    const lines = editor.value.split("\n");
    const before = lines.slice(0, button.dataset.line - 1).join("\n").length;
    const start = before + (button.dataset.line > 1 ? 1 : 0) + Number(button.dataset.column) - 1;
    editor.focus();
    editor.setSelectionRange(start, start);
    editor.scrollTop = (button.dataset.line - 4) * parseFloat(getComputedStyle(editor).lineHeight);
  });

  // What is open stays open when the page is brought up to date.
  document.addEventListener("toggle", (event) => {
    if (event.target.id) sessionStorage.setItem(`open:${event.target.id}`, event.target.open);
  }, true);
  function reopen() {
    for (const details of document.querySelectorAll("details[id]")) {
      const kept = sessionStorage.getItem(`open:${details.id}`);
      if (kept !== null) details.open = kept === "true";
    }
  }

  // What was done before htmx was there, or put back by the browser, counts too.
  document.addEventListener("htmx:after:init", ({ target }) => {
    if (target.tagName === "DETAILS" && target.open) target.dispatchEvent(new Event("toggle"));
    const field = [target, ...(target.elements || [])].find(edited);
    if (field) field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  function edited(field) {
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.type === "select-one") {
      const options = [...field.options];
      const first = options.find((option) => option.defaultSelected) || options[0];
      return first !== undefined && !first.selected;
    }
    return "defaultValue" in field && field.value !== field.defaultValue;
  }
  document.addEventListener("htmx:after:swap", () => { reopen(); countDown(); });

  document.addEventListener("DOMContentLoaded", () => {
    reopen();
    connect();
    countDown();
    setInterval(countDown, SECOND);
  });
})();
