"use strict";
// Makes the pages live. Every page works without it but for the choice of a file.

// Times of the phone, shown in the time of who looks.
function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "medium" });
  }
  for (const text of root.querySelectorAll("[data-clock]")) {
    const at = new Date(text.dataset.clock);
    text.textContent = at.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  }
  for (const text of root.querySelectorAll("[data-moment]")) {
    const at = new Date(text.dataset.moment);
    text.textContent = at.toLocaleTimeString(document.documentElement.lang, { hour12: false, hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
  }
}

// Puts new content into an element; what had the focus or was open keeps it.
function replace(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...element.querySelectorAll("details[open]")].map((details) => details.id);
  const typed = [...element.querySelectorAll("input[id]")].map((input) => [input.id, input.value]);
  element.innerHTML = html;
  for (const [id, value] of typed) {
    const input = document.getElementById(id);
    if (input) input.value = value;
  }
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused) document.getElementById(focused)?.focus();
  localise(element);
  beginCounting();
}

// Durations go on between events, in the browser only.
let counters = [];
function beginCounting() {
  counters = [...document.querySelectorAll("[data-runs]")].map((element) => ({ element, from: Date.now() - 1000 * Number(element.textContent) }));
}
setInterval(() => {
  for (const { element, from } of counters) element.textContent = String(Math.floor((Date.now() - from) / 1000));
}, 1000);

// What is read from its end stays at its end, unless its reader has gone elsewhere.
function keepEnd(element, change) {
  const end = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  change();
  if (end) element.scrollTop = element.scrollHeight;
}

// A button that is replaced while it is pressed would not do what it says: what is new for its part waits for its release.
let pressed = null;
const waiting = new Map();
function show(element, html) {
  if (pressed && element.contains(pressed)) return void waiting.set(element, html);
  keepEnd(element, () => replace(element, html));
}
function released() {
  pressed = null;
  for (const [element, html] of waiting) show(element, html);
  waiting.clear();
}
addEventListener("pointerdown", (event) => { released(); pressed = event.target; });
// The click comes after the release; what is let go outside the window has none.
for (const end of ["pointerup", "pointercancel", "blur"]) addEventListener(end, () => setTimeout(released));

// The live part of the page. A lost connection comes back by itself; one that was ended because the
// phone is another one, or the session is over, loads the page anew.
function watch(address) {
  const offline = document.getElementById("offline");
  const source = new EventSource(address);
  source.addEventListener("hello", (event) => {
    const back = document.querySelector("[data-back]");
    if (back && !offline.hidden) location.href = back.dataset.back;
    offline.hidden = true;
    if (event.data !== document.body.dataset.version) location.reload();
  });
  source.addEventListener("parts", (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) {
      const element = document.getElementById(id);
      if (element) show(element, html);
    }
  });
  source.addEventListener("error", () => {
    offline.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(() => again(address), 2000);
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

// The phone has refused the stream: because nobody is logged in any more, or for now.
async function again(address) {
  try {
    const answer = await fetch("/health", { cache: "no-store" });
    if (answer.ok) {
      const member = await fetch("/system", { headers: { "x-requested-by-script": "1" }, method: "HEAD" });
      if (member.status === 401) location.reload();
    }
  } catch { /* it is not back yet */ }
  watch(address);
}

// Forms whose result the live part shows.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.matches("[data-script]")) {
    event.preventDefault();
    const refused = document.getElementById("refused");
    try {
      const answer = await fetch(form.action, { method: "POST", headers: { "x-requested-by-script": "1" }, body: new URLSearchParams(new FormData(form, event.submitter)) });
      if (answer.status === 401) location.reload();
      refused.hidden = answer.ok;
      refused.textContent = answer.ok ? "" : await answer.text();
    } catch {
      document.getElementById("offline").hidden = false;
    }
  } else if (form.matches("[data-import]")) {
    event.preventDefault();
    const result = document.getElementById("imported");
    const file = form.elements.file.files[0];
    const most = Number(form.dataset.most);
    let good = false;
    try {
      if (file.size > most) {
        result.textContent = `${form.dataset.large} (${file.size} > ${most})`;
      } else {
        const answer = await fetch(event.submitter?.dataset.to ?? form.dataset.import, { method: "POST", headers: { "x-csrf-token": form.elements.csrf.value, "x-requested-by-script": "1" }, body: file });
        good = answer.ok;
        result.textContent = await answer.text();
      }
    } catch {
      // The phone is away, or the file has changed since it was chosen.
      good = false;
      result.textContent = form.dataset.failed;
    }
    result.className = good ? "notice good" : "notice bad";
    result.hidden = false;
  }
});

// What takes a while says so.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-busy]")) document.getElementById("busy").textContent = event.submitter.dataset.says;
});

// A message of the ladder opens beside it, not instead of it.
document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-message]");
  const dialog = document.getElementById("message");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const address = link.href.baseVal ?? link.href;
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) return void (location.href = address);
  const shown = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("shown");
  dialog.firstElementChild.replaceChildren(...shown.childNodes);
  localise(dialog);
  dialog.showModal();
  dialog.addEventListener("close", () => document.getElementById(link.id)?.focus(), { once: true });
});

document.addEventListener("click", (event) => {
  const key = event.target.closest?.("[data-key]");
  if (!key) return;
  const target = document.getElementById("target");
  target.value = key.dataset.key ? target.value + key.dataset.key : target.value.slice(0, -1);
});

for (const select of document.querySelectorAll("select[data-go]")) {
  select.addEventListener("change", () => select.form.submit());
  select.form.querySelector("[data-plain]").hidden = true;
}
for (const element of document.querySelectorAll("[data-end]")) element.scrollTop = element.scrollHeight;
const live = document.querySelector("[data-live]");
if (live) watch(live.dataset.live);
localise(document);
beginCounting();
document.getElementById("outcome")?.focus();
