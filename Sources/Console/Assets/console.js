// What the console does beyond plain pages. Every page also works without it.
(() => {
  "use strict";
  // Not asked of the document: an element with such a name would stand in for it.
  const root = Document.prototype.querySelector.call(document, ":root");
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const year = 60 * 60 * 24 * 365;
  const remember = (name, value) => {
    document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${year}; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  };
  const token = () => $("meta[name=csrf-token]")?.content || "";
  const recall = (name) => (document.cookie.match(`(?:^|; )${name}=([^;]*)`) || [])[1];

  // What our templates make of htmx and of forms bears the mark of its page, a random one, which nobody who only writes
  // what a page shows can know. Without it neither sends anything, should ever an escaper fail. The mark is on the very
  // first tag, where a later one cannot change it; a part that is fetched again has the mark of the page it was in.
  const marks = [root.dataset.ours];
  const isOurs = (element) => Boolean(marks[0]) && element instanceof Element
    // Not asked of the element itself: a field named `getAttribute` would answer for its form.
    && marks.includes(Element.prototype.getAttribute.call(element, "data-ours"));
  const takeMark = (page) => { marks[1] = (page.match(/^<!doctype html>\s*<html data-ours="(\w+)"/) || [])[1]; };
  // What is around our own elements has no say in what they send; this runs before htmx looks.
  for (const element of [document.body, ...$$("[hx-get][data-ours]").filter(isOurs)]) {
    for (let around = element === document.body ? element : element.parentElement; around; around = around.parentElement) {
      for (const name of around.getAttributeNames()) if (/^(data-)?(hx|sse)-/.test(name)) around.removeAttribute(name);
    }
  }

  // The server writes times into form fields in the zone of whoever looks.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && decodeURIComponent(recall("patchbay-zone") || "") !== zone) remember("patchbay-zone", zone);

  // Theme: kept in a cookie, so that the server's page comes in the right colours.
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => recall("patchbay-theme") || "system";
  const showTheme = () => {
    const chosen = theme();
    root.dataset.bsTheme = chosen === "system" ? (dark.matches ? "dark" : "light") : chosen;
    for (const button of $$("[data-theme-switch]")) {
      button.setAttribute("aria-label", `Theme: ${chosen}. Change`);
      button.title = `Theme: ${chosen}`;
    }
  };
  dark.addEventListener("change", showTheme);
  showTheme();

  // Times: how long ago, and the exact instant in the viewer's zone on hover.
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const brief = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
  const ago = (date) => {
    const seconds = Math.round((date - Date.now()) / 1000);
    const size = Math.abs(seconds);
    if (size < 45) return seconds > 0 ? "in a moment" : "just now";
    if (size < 2700) return relative.format(Math.round(seconds / 60), "minute");
    if (size < 79200) return relative.format(Math.round(seconds / 3600), "hour");
    if (size < 86400 * 6) return relative.format(Math.round(seconds / 86400), "day");
    return brief.format(date);
  };
  const showTimes = (within = document) => {
    for (const element of $$("time.when", within)) {
      const date = new Date(element.dateTime);
      if (Number.isNaN(date.getTime())) continue;
      element.title = `${exact.format(date)} (${zone})`;
      element.textContent = "exact" in element.dataset ? brief.format(date) : ago(date);
    }
  };
  setInterval(() => showTimes(), 30000);

  // Notes that come and go.
  const toast = (text, isBad = false, discard = null) => {
    const note = document.createElement("div");
    note.className = `toast-note${isBad ? " is-bad" : ""}`;
    note.textContent = text;
    $("#toasts")?.append(note);
    if (!discard) { setTimeout(() => note.remove(), 8000); return; }
    // What can be acted on stays until the next page.
    const button = document.createElement("button");
    [button.type, button.className, button.textContent] = ["button", "button is-small", "Discard"];
    button.addEventListener("click", discard);
    note.append(" ", button);
  };

  // A question before something is destroyed. Without a script the server asks on a page of its own.
  const ask = (form) => new Promise((resolve) => {
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-label", "Are you sure?");
    const body = document.createElement("div");
    body.className = "dialog-body";
    body.textContent = form.dataset.confirm;
    const foot = document.createElement("div");
    foot.className = "dialog-foot";
    for (const [label, value, style] of [["Cancel", "", "button"], [form.dataset.confirmLabel || "Yes", "yes", "button is-danger"]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = style;
      button.textContent = label;
      button.addEventListener("click", () => dialog.close(value));
      foot.append(button);
    }
    dialog.append(body, foot);
    dialog.addEventListener("close", () => { dialog.remove(); resolve(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
  });

  // What was typed survives a sign-in that ends in the middle; what was typed for a ticket survives until it is taken.
  // Only for the same person: somebody else may sign in at this browser next.
  const account = $("meta[name=account]")?.content || "";
  const mine = `patchbay-draft:${account}:`;
  const drafts = (form) => `${mine}${location.pathname}:${form.getAttribute("action") || ""}`;
  const typed = (form) => {
    const values = {};
    for (const field of form.elements) {
      if (!field.name || ["hidden", "password", "submit", "file"].includes(field.type)) continue;
      if (field.type === "checkbox" || field.type === "radio") values[`${field.name}=${field.value}`] = field.checked;
      else values[field.name] = field.value;
    }
    return values;
  };
  const keep = (form) => {
    const values = typed(form);
    // Sent once more after a failure, it must not be done twice.
    if ("update" in form.dataset) values._once = form.elements._once.value;
    // Nor beside what it is in place of.
    if (form.elements.replaces) values.replaces = form.elements.replaces.value;
    sessionStorage.setItem(drafts(form), JSON.stringify(values));
  };
  const restore = (form) => {
    const stored = sessionStorage.getItem(drafts(form));
    if (!stored) return;
    const isUpdate = "update" in form.dataset;
    if (!isUpdate) sessionStorage.removeItem(drafts(form));
    // The panel comes back by itself: empty after a page that only said what failed, or filled by the server.
    if (!recall("patchbay-returned") && !isUpdate) return;
    if ("again" in form.dataset) return;
    const values = JSON.parse(stored);
    for (const field of form.elements) {
      if (field.type === "checkbox" || field.type === "radio") {
        const key = `${field.name}=${field.value}`;
        if (key in values) field.checked = values[key];
      } else if (field.name in values && field.type !== "hidden") {
        if (field.options && ![...field.options].some((option) => option.value === values[field.name])) continue;
        field.value = values[field.name];
        if (field.value) field.closest("details")?.setAttribute("open", "");
      }
    }
    if (values._once && form.elements._once) form.elements._once.value = values._once;
    if (values.replaces && !form.elements.replaces) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "replaces", value: values.replaces }));
    }
    toast("What you had typed is back.", false, isUpdate && (() => { sessionStorage.removeItem(drafts(form)); location.reload(); }));
  };
  // While somebody types for a ticket. Gone when it is cancelled, or nothing is left of it.
  const keepTyping = (form, isEmpty) => {
    let waiting;
    const save = () => {
      waiting = clearTimeout(waiting);
      if (isEmpty()) sessionStorage.removeItem(drafts(form)); else keep(form);
    };
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(save, 300); });
    addEventListener("pagehide", () => { if (waiting) save(); });
    $("[data-cancel]", form)?.addEventListener("click", () => {
      waiting = clearTimeout(waiting);
      sessionStorage.removeItem(drafts(form));
    });
  };
  // A page elsewhere means that the form was taken. A page in the form's place without it is one that says what failed.
  // The page after an update names the form that was taken.
  const taken = new URLSearchParams(location.search).get("taken");
  if (account) {
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith(mine)) continue;
      const isUpdate = /^\/tickets\/[^/]+\/update:/.test(key.slice(mine.length));
      const isTaken = isUpdate
        ? taken && JSON.parse(sessionStorage.getItem(key))._once === taken : !key.startsWith(`${mine}${location.pathname}:`);
      if (isTaken) sessionStorage.removeItem(key);
    }
  }
  if (taken) {
    const address = new URL(location);
    address.searchParams.delete("taken");
    history.replaceState(null, "", address);
  }
  for (const form of $$("form[data-keep]")) {
    const fresh = JSON.stringify(typed(form));
    restore(form);
    if ("update" in form.dataset) {
      const isAgain = "again" in form.dataset;
      if (isAgain) keep(form);
      keepTyping(form, () => !isAgain && JSON.stringify(typed(form)) === fresh);
    }
    form.addEventListener("submit", () => keep(form));
  }
  // What was refused later than on its form is stored as a post, and is tried again from there.
  for (const form of $$("form[data-refused]")) sessionStorage.removeItem(drafts(form));
  // A page out of the browser's memory has the form as it was sent.
  addEventListener("pageshow", (event) => { if (event.persisted && $("form[data-update]")) location.reload(); });
  if (recall("patchbay-returned")) document.cookie = "patchbay-returned=; path=/; max-age=0; samesite=lax";

  // What was refused is looked at next: the first field that is wrong, or what is said above.
  const wrong = $("main form [aria-invalid=true], main form .has-error input") || $("main form > .notice[role=alert]");
  if (wrong) {
    wrong.focus({ preventScroll: true });
    (wrong.closest(".field") || wrong).scrollIntoView({ block: "nearest" });
  }

  const busy = (form, isBusy) => {
    form.dataset.busy = isBusy ? "1" : "";
    for (const button of $$("button:not([type=button])", form)) {
      if (isBusy) button.setAttribute("aria-busy", "true"); else button.removeAttribute("aria-busy");
    }
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    // Others' forms send nothing, nor do ours to where a button of others says.
    if (!isOurs(form) || event.submitter?.matches("[formaction], [formmethod], [formtarget]")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (form.dataset.busy) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    if (form.dataset.confirm && !form.dataset.confirmed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (await ask(form)) { form.dataset.confirmed = "1"; form.requestSubmit(event.submitter || undefined); }
      return;
    }
    if (form.dataset.confirmed) {
      // The server need not ask again.
      const field = document.createElement("input");
      [field.type, field.name, field.value] = ["hidden", "confirmed", "yes"];
      form.append(field);
    }
    if ((form.method || "get").toLowerCase() === "post") busy(form, true);
  }, true);
  addEventListener("pageshow", () => { for (const form of $$("form[data-busy]")) busy(form, false); });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-code]")) event.target.value = event.target.value.replace(/\s+/g, "");
  });

  // Search and go anywhere.
  const command = $("#command");
  const list = command && $(".command-list", command);
  let asked = 0;
  const look = async () => {
    const number = ++asked;
    const response = await fetch(`/search?fragment=1&q=${encodeURIComponent($("input", command).value)}`);
    if (number !== asked || !response.ok) return;
    list.innerHTML = await response.text();
    list.firstElementChild?.classList.add("is-current");
  };
  let waiting;
  const openCommand = () => {
    if (!command || command.open) return;
    command.showModal();
    $("input", command).value = "";
    look();
  };
  command?.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 250); });
  command?.addEventListener("keydown", (event) => {
    const items = $$(".command-item", list);
    const at = items.findIndex((item) => item.classList.contains("is-current"));
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length];
      items[at]?.classList.remove("is-current");
      next?.classList.add("is-current");
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      items[Math.max(at, 0)]?.click();
    }
  });

  // Speech input and slips of the hand press single keys too, so they can be switched off (WCAG 2.1.4).
  const singleKeys = $("[data-single-keys]");
  if (singleKeys) {
    singleKeys.checked = recall("patchbay-keys") !== "off";
    singleKeys.addEventListener("change", () => remember("patchbay-keys", singleKeys.checked ? "on" : "off"));
  }
  let jump = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openCommand(); return; }
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") for (const menu of $$("details.menu[open]")) menu.open = false;
    if (singleKeys && !singleKeys.checked) return;
    if (event.key === "/") { event.preventDefault(); openCommand(); return; }
    if (event.key === "?") { $("#shortcuts")?.showModal(); return; }
    if (event.key === "g") { jump = Date.now(); return; }
    if (Date.now() - jump < 1500) {
      jump = 0;
      const link = $(`[data-jump="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    if (event.key === "j" || event.key === "k") {
      const rows = $$("table.data tbody tr");
      const at = rows.findIndex((row) => row.classList.contains("is-current"));
      const next = rows[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
      rows[at]?.classList.remove("is-current");
      next?.classList.add("is-current");
      next?.querySelector("a")?.focus({ preventScroll: true });
      next?.scrollIntoView({ block: "nearest" });
    }
    if (event.key === "Enter" && event.target === document.body) $("tr.is-current a")?.click();
  });

  document.addEventListener("click", (event) => {
    const target = event.target;
    for (const menu of $$("details.menu[open]")) if (!menu.contains(target)) menu.open = false;
    const button = target.closest("[data-theme-switch], [data-copy], [data-copy-value], [data-open], [data-close]");
    if (!button) return;
    if ("themeSwitch" in button.dataset) {
      const order = ["system", "light", "dark"];
      remember("patchbay-theme", order[(order.indexOf(theme()) + 1) % order.length]);
      showTheme();
    } else if (button.dataset.copy) {
      navigator.clipboard?.writeText($(button.dataset.copy).textContent.trim()).then(() => toast("Copied."));
    } else if (button.dataset.copyValue) {
      navigator.clipboard?.writeText($(button.dataset.copyValue).value).then(() => toast("Copied."));
    } else if (button.dataset.open) {
      event.preventDefault();
      if (button.dataset.open === "command") openCommand(); else $(`#${button.dataset.open}`)?.showModal();
    } else button.closest("dialog")?.close();
  });

  // A warning five minutes before the sign-in ends.
  const warning = $("#sign-in-warning");
  let ends = new Date($("meta[name=sign-in-ends]")?.content || NaN);
  setInterval(() => {
    if (warning && !Number.isNaN(ends.getTime())) warning.hidden = ends - Date.now() > 300000;
  }, 5000);
  $("button", warning || document.createElement("div"))?.addEventListener("click", async () => {
    const response = await fetch("/account/sign-in/extend", { method: "POST", headers: { "X-CSRF-Token": token() } });
    if (!response.ok) { location.reload(); return; }
    ends = new Date((await response.json()).ends_at);
    warning.hidden = true;
  });

  // Writing to a ticket: how long the text is, how it will look, and a copy that survives every failure.
  for (const button of $$("[data-copy-value]")) button.hidden = false;
  for (const form of $$("form[data-update]")) {
    const text = $("textarea[name=text]", form);
    const count = $("#text-count", form);
    const preview = $(".preview", form);
    const longest = Number(text.dataset.count);
    const told = count.textContent;
    const show = () => {
      const length = [...text.value].length;
      count.classList.toggle("is-warning", length > 15000 && length <= longest);
      count.classList.toggle("is-bad", length > longest);
      count.textContent = length === 0 ? told : length > longest
        ? `${length.toLocaleString()} characters: ConnectWise takes at most ${longest.toLocaleString()}.`
        : length > 15000 ? `${length.toLocaleString()} characters: ConnectWise may cut notes above 15,000.`
          : `${length.toLocaleString()} characters. Markdown.`;
    };
    // When the typing rests: who hears the page is told the number, not each step towards it.
    let counting;
    text.addEventListener("input", () => { clearTimeout(counting); counting = setTimeout(show, 300); });
    if (text.value) show();
    const button = $("[data-preview]", form);
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (preview.hidden) {
        const body = new URLSearchParams({ text: text.value });
        const response = await fetch("/tickets/preview", { method: "POST", body, headers: { "X-CSRF-Token": token() } });
        if (!response.ok) { toast("The preview cannot be had for the moment.", true); return; }
        preview.innerHTML = await response.text();
      }
      preview.hidden = !preview.hidden;
      text.hidden = !preview.hidden;
      button.textContent = preview.hidden ? "Preview" : "Write";
    });
    // A status that takes no time is not offered while time is logged.
    const refusing = ($("[name=refusing_time]", form)?.value || "").split(",").filter(Boolean);
    const [minutes, status] = [$("[name=minutes]", form), $("[name=status_id]", form)];
    const offer = () => {
      const isTimed = minutes.value.trim() === "" ? Boolean($("[name=defaults]", form)) : Number(minutes.value) !== 0;
      for (const option of status.options) option.disabled = isTimed && !option.selected && refusing.includes(option.value);
      status.setCustomValidity(isTimed && refusing.includes(status.value) ? "This status takes no time. Log none, or choose another." : "");
    };
    minutes.addEventListener("input", offer);
    status.addEventListener("change", offer);
    offer();
  }

  // What is typed hidden can be looked at until it is sent.
  for (const input of $$(".field > input[type=password]")) {
    const button = document.createElement("button");
    const label = input.labels[0]?.firstChild.textContent.trim().toLowerCase();
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.textContent = `${isShown ? "Hide" : "Show"} ${label}`;
    };
    [button.type, button.className] = ["button", "reveal"];
    button.addEventListener("click", () => { show(input.type === "password"); input.focus(); });
    input.form?.addEventListener("submit", () => show(false));
    input.after(button);
    show(false);
  }

  // Long lists: what is typed above searches among all there are; what is chosen stays.
  for (const select of $$("select[data-search]")) {
    const input = document.createElement("input");
    [input.type, input.className, input.placeholder] = ["search", "input mb-1", "Type a part of the name"];
    input.setAttribute("aria-label", `Search ${select.labels[0]?.firstChild?.textContent.trim() || ""}`);
    input.setAttribute("aria-controls", select.id);
    select.before(input);
    let [asked, waiting] = [0, 0];
    const search = async () => {
      const number = ++asked;
      const response = await fetch(`${select.dataset.search}?q=${encodeURIComponent(input.value)}`);
      if (number !== asked || !response.ok) return;
      const kept = [...select.options].filter((option) => option.value === "" || option.selected);
      const found = document.createElement("template");
      found.innerHTML = await response.text();
      const news = [...found.content.children].filter((option) => !kept.some((other) => other.value === option.value));
      select.replaceChildren(...kept, ...news);
      select.size = input.value ? Math.min(Math.max(select.options.length, 2), 8) : 1;
    };
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(search, 250); });
    // Enter is for the search, not for the form.
    input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }

  // The ticket picker: searches as one types, by keyboard all the way, and shows what was chosen as a card.
  for (const picker of $$("[data-picker]")) {
    const input = $("input", picker);
    const picks = document.createElement("div");
    picks.className = "picks";
    picks.id = `picks-${input.id}`;
    picks.setAttribute("role", "listbox");
    picks.setAttribute("aria-label", "Tickets");
    const picked = document.createElement("div");
    picked.className = "picked";
    picked.setAttribute("aria-live", "polite");
    picker.append(picks, picked);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", picks.id], ["aria-expanded", "false"]]) input.setAttribute(name, value);
    let asked = 0;
    let waiting;
    const close = () => { asked++; clearTimeout(waiting); picks.replaceChildren(); input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); };
    const mark = (item) => {
      for (const other of $$(".pick.is-current", picks)) { other.classList.remove("is-current"); other.removeAttribute("aria-selected"); }
      if (!item) return;
      item.classList.add("is-current");
      item.setAttribute("aria-selected", "true");
      item.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", item.id);
    };
    const search = async () => {
      const number = ++asked;
      const response = await fetch(`/tickets/pick?q=${encodeURIComponent(input.value)}`);
      if (number !== asked || !response.ok) return;
      picks.innerHTML = await response.text();
      input.setAttribute("aria-expanded", "true");
      mark($(".pick", picks));
    };
    const choose = async (id) => {
      close();
      input.value = id;
      const response = await fetch(`/tickets/pick/${encodeURIComponent(id)}`);
      if (!response.ok) return;
      picked.innerHTML = await response.text();
      const isThere = Boolean($(".ticket-card", picked));
      input.setCustomValidity(isThere ? "" : "Choose a ticket that there is.");
      const clear = document.createElement("button");
      clear.type = "button";
      clear.className = "button is-small is-quiet";
      clear.textContent = "Clear";
      clear.addEventListener("click", () => { input.value = ""; input.setCustomValidity(""); picked.replaceChildren(); input.focus(); });
      picked.append(clear);
      picker.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { id, isThere } }));
    };
    input.addEventListener("input", () => { input.setCustomValidity(""); picked.replaceChildren(); clearTimeout(waiting); waiting = setTimeout(search, 250); });
    input.addEventListener("focus", () => { if (!picked.firstChild && !picks.firstChild) search(); });
    input.addEventListener("keydown", (event) => {
      const items = $$(".pick", picks);
      const at = items.findIndex((item) => item.classList.contains("is-current"));
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (items.length === 0) { search(); return; }
        mark(items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]);
      } else if (event.key === "Enter" && items.length > 0) {
        event.preventDefault();
        choose(items[Math.max(at, 0)].dataset.ticket);
      } else if (event.key === "Escape" && picks.firstChild) {
        event.stopPropagation();
        close();
      }
    });
    picks.addEventListener("mousedown", (event) => {
      const item = event.target.closest(".pick");
      if (!item) return;
      event.preventDefault();
      choose(item.dataset.ticket);
    });
    input.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== input) close(); }, 150));
    if (/^\d+$/.test(input.value)) choose(input.value);
  }

  // Live parts.
  for (const step of ["htmx:configRequest", "htmx:beforeRequest"]) {
    document.addEventListener(step, (event) => {
      const verb = event.detail.verb || event.detail.requestConfig.verb;
      if (!isOurs(event.detail.elt || event.target) || verb !== "get") { event.preventDefault(); event.stopImmediatePropagation(); }
    });
  }
  document.addEventListener("htmx:oobBeforeSwap", (event) => { if (event.target.id !== "navigation") event.preventDefault(); });
  if (window.htmx) window.htmx.createEventSource = (url) => {
    const asked = new URL(url, location.href).searchParams;
    const watch = new URLSearchParams(["topics", "seen"].map((name) => [name, asked.get(name) || ""]));
    return new EventSource(`/live?${watch}`);
  };
  document.addEventListener("htmx:afterSwap", (event) => showTimes(event.target));
  // Who is somewhere in a part that is fetched again by the keyboard stays there.
  const liveParts = "#live-part, #ticket-history, #navigation";
  const kin = (element) => {
    const value = (name, text) => `[${name}="${CSS.escape(text)}"]`;
    const own = ["href", "name", "value", "aria-label"].filter((name) => element.hasAttribute(name));
    const action = element.form?.getAttribute("action");
    return (action ? `form${value("action", action)} ` : "") + element.localName + own.map((name) => value(name, element.getAttribute(name))).join("");
  };
  let held = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    takeMark(event.detail.serverResponse);
    const [element, part] = [document.activeElement, document.activeElement?.closest(liveParts)];
    if (!part || element === part) { held = null; return; }
    const like = element.id ? `#${CSS.escape(element.id)}` : kin(element);
    held = { part: part.id, like, index: $$(like, part).indexOf(element) };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!held || document.activeElement !== document.body) return;
    const alike = $$(held.like, document.getElementById(held.part) || document);
    (alike[held.index] || alike.at(-1))?.focus({ preventScroll: true });
    held = null;
  });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 401) location.reload();
    else toast("That did not work. Reload the page and try again.", true);
  });
  const live = (isOn) => { for (const mark of $$("[data-live]")) mark.classList.toggle("is-off", !isOn); };
  document.addEventListener("htmx:sseOpen", () => live(true));
  document.addEventListener("htmx:sseError", () => live(false));
  document.addEventListener("htmx:sseClose", () => live(false));

  showTimes();
})();
