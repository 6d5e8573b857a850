// Questions to the person at the screen. Each promise gives the answer, or null when the dialog was cancelled.

import { el } from "./message.js";

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

export async function askPhone() {
  const form = await ask($("phone-dialog"));
  return form && form.get("phone_number");
}

// Gives the parts to upload: the file as `photo` or as `document`, and the caption.
export async function askFile(file) {
  const image = /^image\/(jpeg|png|webp)$/.test(file.type);
  const preview = image ? el("img", { src: URL.createObjectURL(file), alt: "" }) : el("b", {}, file.name);
  $("file-dialog").querySelector("form").reset();
  $("file-preview").replaceChildren(preview);
  $("compress-row").hidden = !image;
  const answer = await ask($("file-dialog"));
  if (!answer) return null;
  const parts = new FormData();
  parts.append(image && answer.has("compress") ? "photo" : "document", file, file.name);
  parts.append("caption", answer.get("caption"));
  return parts;
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
