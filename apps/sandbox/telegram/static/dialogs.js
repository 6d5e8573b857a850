// Questions to the person at the screen. Each promise gives the answer, or null when the dialog was cancelled.

import { el, fullName } from "./message.js";

const $ = (id) => document.getElementById(id);
let toastTimer;

export function ask(dialog) {
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue ? new FormData(dialog.querySelector("form")) : null);
  });
}

export async function askPerson() {
  $("person-dialog").querySelector("form").reset();
  const form = await ask($("person-dialog"));
  return form && Object.fromEntries([...form].filter(([, value]) => value));
}

// Every person has a number, unless another one is typed in.
const numberOf = (user) => `+38067${String(user.id % 10 ** 7).padStart(7, "0")}`;

// Gives the contact that `person` shares: the own one, or with `others` (people) one of theirs or nobody's.
export async function askContact(person, others = []) {
  const { whose, phone_number: number } = $("phone-dialog").querySelector("form").elements;
  const options = others.map((other) => el("option", { value: other.id }, fullName(other)));
  whose.replaceChildren(...options, el("option", { value: "nobody" }, "somebody without Telegram"), el("option", { value: person.id }, "my own"));
  whose.value = options.length ? options[0].value : person.id;
  whose.onchange = () => { number.value = numberOf(others.find(({ id }) => String(id) === whose.value) ?? { id: Number(whose.value) || 0 }); };
  whose.onchange();
  $("whose-row").hidden = !options.length;
  const form = await ask($("phone-dialog"));
  if (!form) return null;
  const other = others.find(({ id }) => String(id) === whose.value);
  if (whose.value === String(person.id)) return { phone_number: number.value };
  return { phone_number: number.value, user_id: other?.id ?? null, first_name: other?.first_name ?? "Somebody" };
}

const IMAGE = /^image\/(jpeg|png|webp|heic|heif)$/;
const MOST_AT_ONCE = 10; // files of an album

// Gives the forms to upload, one for each album: the files as `photo` or as `document`, and the caption.
export async function askFiles(files, asFiles) {
  const images = files.every((file) => IMAGE.test(file.type));
  $("file-dialog").querySelector("form").reset();
  $("file-title").textContent = files.length > 1 ? `Send ${files.length} ${images ? "pictures" : "files"}` : images ? "Send a picture" : "Send a file";
  $("file-preview").replaceChildren(...files.map(preview));
  $("compress-row").hidden = !images;
  $("compress-row").querySelector("input").checked = !asFiles;
  const answer = await ask($("file-dialog"));
  $("file-preview").querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
  if (!answer) return [];
  const kind = images && answer.has("compress") ? "photo" : "document";
  const forms = [];
  for (let at = 0; at < files.length; at += MOST_AT_ONCE) {
    const form = new FormData();
    files.slice(at, at + MOST_AT_ONCE).forEach((file) => form.append(kind, file, file.name));
    form.append("caption", at ? "" : answer.get("caption"));
    forms.push(form);
  }
  return forms;
}

function preview(file) {
  const name = el("b", {}, file.name);
  if (!IMAGE.test(file.type)) return name;
  const image = el("img", { src: URL.createObjectURL(file), alt: file.name });
  image.onerror = () => image.replaceWith(name); // not every browser shows HEIC
  return image;
}

// Asks whether to pay; `invoice` has title, description and amount. Gives null for no.
export function askPayment(invoice, balance) {
  $("pay-title").textContent = invoice.title;
  $("pay-about").textContent = invoice.description;
  $("pay-button").textContent = `Pay ⭐ ${invoice.amount}${invoice.period ? " a month" : ""}`;
  $("pay-balance").textContent = `Balance: ⭐ ${balance}`;
  return ask($("pay-dialog"));
}

// `change(subscription, what)` cancels, resumes or renews one and gives the new list.
export function showStars({ balance, subscriptions }, change) {
  $("stars-balance").textContent = `Balance: ⭐ ${balance}`;
  const doable = { active: ["cancel", "renew"], canceled: ["resume"] };
  $("subscriptions").replaceChildren(...subscriptions.map((one) => {
    const until = new Date(one.until * 1000).toLocaleDateString("en-GB", { day: "numeric", month: "long" });
    const about = el("small", {}, `⭐ ${one.amount} a month · ${one.ended ? "over" : one.stopped ? "stopped by the bot" : one.state} · until ${until}`);
    const does = one.ended || one.stopped ? [] : doable[one.state] ?? [];
    const buttons = does.map((what) => el("button", { type: "button", onclick: async () => {
      const changed = await change(one, what);
      if (changed) showStars(changed, change);
    } }, { cancel: "Cancel", resume: "Resume", renew: "Renew now" }[what]));
    return el("li", {}, el("b", {}, one.title), about, el("span", {}, ...buttons));
  }));
  if (!$("stars-dialog").open) $("stars-dialog").showModal();
}

// What the bot is to meet; `change(order)` orders a fault, or with null ends all, and gives those that are on.
export async function orderFaults(active, change) {
  const rows = active.map(({ mode, method, times }) => el("li", {}, el("small", {}, `${mode}: ${method ?? "anything"}, ${times} to come`)));
  $("faults").replaceChildren(...(rows.length ? rows : [el("li", {}, el("small", {}, "All is well."))]));
  const order = await ask($("faults-dialog"));
  if (!order) return;
  const { mode, method, times } = Object.fromEntries(order);
  const what = { mode, method: method || null, times: Number(times), delay: 15 };
  await orderFaults(await change($("faults-dialog").returnValue === "order" ? what : null), change);
}

export function showAlert(text) {
  $("alert-text").textContent = text;
  $("alert-dialog").showModal();
}

export function showPhoto(url) {
  $("photo-large").src = url;
  $("photo-dialog").showModal();
}

export function toast(text) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = false;
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 3500);
}
