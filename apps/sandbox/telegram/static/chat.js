import { inviteHash, joinByLink, showChannels } from "./channels.js";
import { askContact, askFiles, askPayment, askPerson, orderFaults, showAlert, showPhoto, showStars, toast } from "./dialogs.js";
import { avatar, clock, el, fullName, icon, messageNode } from "./message.js";

const $ = (id) => document.getElementById(id);
const POLL_SECONDS = 25;
const PEOPLE_EVERY = 2000; // milliseconds
const REMEMBERED = "sandbox.telegram.person";

let people = [];
let current = null; // the person whose chat is open
let chat = {}; // the last answer of its long poll
let watching = new AbortController();
let nodes = new Map(); // message_id -> its <li>
let menu = { bot: null, commands: [], description: "" };
let startParam = new URLSearchParams(location.search).get("start");
let keyboardHidden = false;
let statusTimer;

async function api(path, body, options = {}) {
  const json = body !== undefined && !(body instanceof FormData);
  const answer = await fetch(`chat/api/${path}`, {
    method: body === undefined ? "GET" : "POST",
    body: json ? JSON.stringify(body) : body,
    headers: json ? { "Content-Type": "application/json" } : {},
    ...options,
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(result.error ?? answer.statusText);
  return result;
}

// Something the person does; a refusal is shown, not thrown.
async function act(path, body = {}) {
  try {
    return await api(`users/${current.id}/${path}`, body);
  } catch (error) {
    toast(error.message);
    return null;
  }
}

// ---- people

async function refreshPeople() {
  people = await api("users");
  $("people").replaceChildren(...people.toSorted((a, b) => b.version - a.version).map(personNode));
  $("elsewhere").hidden = !people.some((person) => person.unread && person.id !== current?.id);
}

function personNode(person) {
  const name = fullName(person);
  const last = person.last;
  const top = el("span", { className: "line" }, el("b", {}, name), el("time", {}, last ? clock(last.date) : ""));
  const state = person.blocked ? "blocked the bot" : last ? `${last.out ? "You: " : ""}${last.text}` : "not started";
  const bottom = el("span", { className: "line" }, el("small", {}, state));
  if (person.unread && person.id !== current?.id) bottom.append(el("i", { className: "badge" }, String(person.unread)));
  const button = el("button", { type: "button", onclick: () => open(person) }, avatar(name, person.id), el("span", { className: "lines" }, top, bottom));
  if (person.id === current?.id) button.setAttribute("aria-current", "true");
  return el("li", {}, button);
}

async function open(person) {
  watching.abort();
  watching = new AbortController();
  current = person;
  chat = {};
  nodes = new Map();
  keyboardHidden = false;
  localStorage.setItem(REMEMBERED, person.id);
  document.body.classList.remove("drawer");
  $("messages").replaceChildren();
  const name = fullName(person);
  $("as").replaceChildren(el("span", {}, `as ${name}`), avatar(name, person.id));
  await loadMenu();
  follow(person, watching.signal);
  refreshPeople();
}

async function loadMenu() {
  menu = await api(`users/${current.id}/menu`);
  $("bot-name").textContent = menu.bot.first_name;
  $("bot-avatar").replaceWith(Object.assign(avatar(menu.bot.first_name, menu.bot.id), { id: "bot-avatar" }));
  $("commands").hidden = !menu.commands.length;
  $("command-menu").replaceChildren(...menu.commands.map((command) =>
    el("button", { type: "button", onclick: () => { $("command-menu").hidePopover(); say(`/${command.command}`); } },
      el("span", {}, command.description), el("code", {}, `/${command.command}`))));
}

// Opens a menu over its button.
function above(menuNode, button) {
  const { left, top } = button.getBoundingClientRect();
  Object.assign(menuNode.style, { left: innerWidth < 460 ? "10px" : `${Math.min(left, innerWidth - 440)}px`, bottom: `${innerHeight - top + 8}px` });
}

// ---- the conversation

async function follow(person, signal) {
  let version = 0;
  while (!signal.aborted) {
    try {
      const wait = version ? POLL_SECONDS : 0;
      const answer = await api(`users/${person.id}/messages?after=${version}&wait=${wait}`, undefined, { signal });
      if (signal.aborted) return;
      show(answer, version === 0);
      version = answer.version;
    } catch (error) {
      if (signal.aborted) return;
      setStatus("connecting…");
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

function show(answer, first) {
  const atEnd = first || isAtEnd();
  const ownNew = answer.messages.some((message) => !message.from.is_bot && !nodes.has(message.message_id));
  if (JSON.stringify(answer.keyboard) !== JSON.stringify(chat.keyboard)) keyboardHidden = Boolean(answer.keyboard?.used);
  chat = answer;
  answer.messages.forEach(place);
  answer.deleted.forEach((id) => { nodes.get(id)?.remove(); nodes.delete(id); });
  separateDays();
  setStatus(answer.action ? `${answer.action.replaceAll("_", " ").replace("upload", "sending")}…` : "bot", answer.action);
  renderFoot();
  if (answer.toast && !first) answered(answer.toast);
  if (atEnd || ownNew) $("scroll").scrollTop = $("scroll").scrollHeight;
  $("to-end").hidden = isAtEnd();
  if (answer.messages.some((message) => message.from.is_bot) && !document.hidden) act("read").then(refreshPeople);
}

function isAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = $("scroll");
  return scrollHeight - scrollTop - clientHeight < 120; // pixels
}

function place(message) {
  const node = messageNode(message, handlers);
  node.dataset.day = new Date(message.date * 1000).toDateString();
  const old = nodes.get(message.message_id);
  const image = old?.querySelector("img");
  const fresh = node.querySelector("img");
  if (image && fresh && image.src === fresh.src) fresh.replaceWith(image); // the loaded picture stays: no flicker
  if (old) old.replaceWith(node);
  else $("messages").append(node);
  nodes.set(message.message_id, node);
}

function separateDays() {
  $("messages").querySelectorAll(".day").forEach((node) => node.remove());
  let day = null;
  for (const node of nodes.values()) {
    if (node.dataset.day !== day) {
      day = node.dataset.day;
      const label = new Date(day).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
      node.before(el("li", { className: "day" }, label));
    }
  }
}

function setStatus(text, passing = false) {
  clearTimeout(statusTimer);
  $("status").textContent = text;
  $("status").classList.toggle("typing", Boolean(passing));
  if (passing) statusTimer = setTimeout(() => setStatus("bot"), 5000);
}

function renderFoot() {
  const asksStart = !chat.started || startParam !== null || chat.blocked;
  $("start").hidden = !asksStart;
  $("composer").hidden = asksStart;
  $("start").textContent = chat.blocked ? "Unblock and restart" : "Start";
  $("intro").hidden = nodes.size > 0;
  $("intro").replaceChildren(el("b", {}, "What can this bot do?"), el("p", {}, menu.description || "Press Start and see."));
  document.querySelector('[data-do="block"]').textContent = chat.blocked ? "Unblock the bot" : "Block the bot";
  const keyboard = asksStart ? null : chat.keyboard;
  $("keyboard-toggle").hidden = !keyboard;
  $("keyboard").hidden = !keyboard || keyboardHidden;
  $("text").placeholder = keyboard?.input_field_placeholder ?? "Message";
  const rows = (keyboard?.keyboard ?? []).map((row) => el("div", { className: "row" }, ...row.map(replyButton)));
  $("keyboard").classList.toggle("tall", !keyboard?.resize_keyboard);
  $("keyboard").replaceChildren(...rows);
}

function replyButton(button) {
  const press = () => (button.request_contact ? shareContact() : say(button.text));
  const node = el("button", { type: "button", onclick: press }, button.text);
  if (button.request_contact) node.prepend(icon("phone"));
  return node;
}

// ---- what the person does

const say = (text) => act("text", { text });

// The own contact, or with `others` (people) anybody's.
async function shareContact(others = []) {
  const contact = await askContact(current, others);
  if (contact) await act("contact", contact);
}

async function start() {
  if (chat.blocked) await act("unblock");
  const param = startParam;
  startParam = null;
  history.replaceState(null, "", "chat");
  await say(param ? `/start ${param}` : "/start");
  renderFoot();
}

// A link to this very bot, by its real name or by its stand-in here, prepares the START button.
function deepLink(url) {
  const { hostname, pathname, searchParams } = new URL(url);
  const last = pathname.split("/").at(-1);
  const ours = (last === menu.bot.username && (hostname === "t.me" || hostname === location.hostname))
    || searchParams.get("domain") === menu.bot.username;
  return ours ? searchParams.get("start") ?? "" : null;
}

// A link to an invoice of this very Telegram: the slug after its "$".
function invoiceSlug(url) {
  const { host, pathname } = new URL(url);
  const last = decodeURIComponent(pathname.split("/").at(-1));
  return host === location.host && last.startsWith("$") ? last.slice(1) : null;
}

async function pay(invoice, what) {
  const { balance } = await api(`users/${current.id}/stars`);
  if (!await askPayment(invoice, balance)) return;
  const checkout = await act("pay_invoice", { ...what, wait: 15 });
  if (checkout?.status === "failed") showAlert(checkout.error);
}

async function payLink(slug, link) {
  try {
    await pay(await api(`invoices/${slug}`), { link });
  } catch (error) {
    toast(error.message);
  }
}

async function openStars() {
  const load = () => api(`users/${current.id}/stars`);
  showStars(await load(), async ({ id }, what) => (await act(`subscriptions/${id}/${what}`)) && load());
}

async function openChannels() {
  const bot = (channel, status) => api(`channels/${channel.id}/members/${channel.bot.id}`, { status });
  const acts = {
    leave: (channel) => api(`users/${current.id}/leave`, { channel: channel.id }),
    demote: (channel) => bot(channel, channel.type === "channel" ? "left" : "member"),
    promote: (channel) => bot(channel, "administrator"),
  };
  await showChannels(() => api(`users/${current.id}/channels`), async (what, channel) => {
    try { await acts[what](channel); return true; } catch (error) { toast(error.message); return false; }
  });
}

async function openFaults() {
  const ask = async (options) => (await fetch("faults", options)).json();
  orderFaults(await ask(), (order) => ask(order ? { method: "POST", body: JSON.stringify(order) } : { method: "DELETE" }));
}

const handlers = {
  fileUrl: (id, name) => `chat/api/users/${current.id}/files/${id}${name === undefined ? "" : `?name=${encodeURIComponent(name)}`}`,
  command: (text) => say(text),
  link(url) {
    const slug = invoiceSlug(url);
    if (slug !== null) { payLink(slug, url); return; }
    const invite = inviteHash(url);
    if (invite !== null) { joinByLink(invite, url, api, act); return; }
    const param = deepLink(url);
    if (param === null) window.open(url, "_blank", "noopener");
    else { startParam = param; renderFoot(); }
  },
  photo: showPhoto,
  async copy(text) {
    try { await navigator.clipboard.writeText(text); toast("Copied"); } catch { toast("The browser does not let us copy"); }
  },
  async tap(message, button, node) {
    if (button.pay) {
      if (!message.paid) await pay({ ...message.invoice, amount: message.invoice.total_amount }, { message_id: message.message_id });
    } else if (button.callback_data !== undefined) {
      node.classList.add("busy");
      setTimeout(() => node.classList.remove("busy"), 10000);
      await act("tap", { message_id: message.message_id, data: button.callback_data });
    } else if (button.copy_text) handlers.copy(button.copy_text.text);
    else if (button.url || button.web_app) handlers.link(button.url ?? button.web_app.url);
    else toast("The sandbox has no such button yet");
  },
};

// ---- what the bot answers

function answered({ text, alert, url }) {
  document.querySelectorAll(".busy").forEach((node) => node.classList.remove("busy"));
  if (url) handlers.link(url);
  if (!text) return;
  if (alert) showAlert(text);
  else toast(text);
}

// ---- wiring

function submitText(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  $("text").value = "";
  $("text").style.height = "";
  say(text);
}

// A FileList; `asFiles`: pictures, too, keep their bytes unless the person wants it otherwise.
async function offerFiles(list, asFiles = false) {
  const files = [...list];
  if (!files.length || $("composer").hidden || document.querySelector("dialog[open]")) return;
  for (const form of await askFiles(files, asFiles)) {
    if (!await act("file", form)) return;
  }
}

// What is dropped on the conversation is offered.
function dropHere(node) {
  const holdsFiles = (event) => event.dataTransfer.types.includes("Files");
  node.ondragover = (event) => { if (holdsFiles(event)) { event.preventDefault(); node.classList.add("dropping"); } };
  node.ondragleave = (event) => { if (!node.contains(event.relatedTarget)) node.classList.remove("dropping"); };
  node.ondrop = (event) => { event.preventDefault(); node.classList.remove("dropping"); offerFiles(event.dataTransfer.files); };
}

async function addPerson() {
  const profile = await askPerson();
  if (profile) await open(await api("users", profile));
}

const menuActions = {
  restart: () => start(),
  contact: () => shareContact(),
  stars: () => openStars(),
  channels: () => openChannels(),
  faults: () => openFaults(),
  block: () => act(chat.blocked ? "unblock" : "block"),
};

$("add").onclick = addPerson;
$("start").onclick = start;
$("open-drawer").onclick = () => document.body.classList.toggle("drawer");
$("shade").onclick = () => document.body.classList.remove("drawer");
$("more-menu").onclick = (event) => { $("more-menu").hidePopover(); menuActions[event.target.dataset.do]?.(); };
$("command-menu").onbeforetoggle = (event) => { if (event.newState === "open") { above($("command-menu"), $("commands")); loadMenu(); } };
$("attach-menu").onbeforetoggle = (event) => { if (event.newState === "open") above($("attach-menu"), $("attach")); };
$("attach-menu").onclick = (event) => {
  const pick = event.target.closest("[data-pick]")?.dataset.pick;
  if (!pick) return;
  $("attach-menu").hidePopover();
  if (pick === "contact") shareContact(people.filter((person) => person.id !== current.id));
  else $(pick).click();
};
$("keyboard-toggle").onclick = () => { keyboardHidden = !keyboardHidden; renderFoot(); };
for (const input of [$("photo"), $("camera"), $("file")]) {
  input.onchange = () => { offerFiles(input.files, input === $("file")); input.value = ""; };
}
dropHere($("chat"));
window.ondragover = window.ondrop = (event) => event.preventDefault(); // the page stays where a drop misses
$("composer").onsubmit = submitText;
$("text").oninput = () => { $("text").style.height = ""; $("text").style.height = `${$("text").scrollHeight}px`; };
$("text").onkeydown = (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submitText(event); };
$("text").onpaste = (event) => { if (event.clipboardData.files.length) { event.preventDefault(); offerFiles(event.clipboardData.files); } };
$("to-end").onclick = () => $("scroll").scrollTo({ top: $("scroll").scrollHeight, behavior: "smooth" });
$("scroll").onscroll = () => { $("to-end").hidden = isAtEnd(); };

await refreshPeople();
const remembered = people.find((person) => String(person.id) === localStorage.getItem(REMEMBERED)) ?? people.find((person) => person.started);
if (remembered) await open(remembered);
else await addPerson();
const joining = new URLSearchParams(location.search).get("join");
if (joining && current) {
  history.replaceState(null, "", "chat");
  joinByLink(joining, `+${joining}`, api, act);
}
setInterval(() => { if (!document.hidden) refreshPeople().catch(() => {}); }, PEOPLE_EVERY);
