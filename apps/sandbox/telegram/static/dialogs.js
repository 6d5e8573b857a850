// Questions to the person at the screen. Each promise gives the answer, or null when the dialog was cancelled.

import { el } from "./message.js";

const $ = (id) => document.getElementById(id);
let toastTimer;

function ask(dialog) {
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
