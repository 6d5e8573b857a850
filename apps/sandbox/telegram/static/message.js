// From the objects of the Bot API to DOM. Foreign text only ever becomes text nodes and checked links.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

export function avatar(name, id) {
  const initials = name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
  return el("span", { className: `avatar c${id % 7}`, "aria-hidden": "true" }, initials);
}

export const fullName = (user) => [user.first_name, user.last_name].filter(Boolean).join(" ");
export const clock = (date) => new Date(date * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

// `on` tells what to do: on.link(url), on.command(text), on.copy(text), on.tap(message, button, node), on.photo(url),
// on.pay(message), and gives on.fileUrl(fileId, name).
export function messageNode(message, on) {
  const payment = message.successful_payment ?? message.refunded_payment;
  if (payment) return service(message, `${message.successful_payment ? "You paid" : "Refunded:"} ⭐ ${payment.total_amount}`);
  const out = !message.from.is_bot;
  const bubble = el("div", { className: "bubble" });
  const node = el("li", { className: out ? "out" : "in" }, bubble);
  node.dataset.id = message.message_id;
  if (message.reply_to_message) bubble.append(quote(message.reply_to_message));
  if (message.photo) {
    const { width, height } = message.photo.at(-1);
    bubble.style.width = `${Math.max(180, Math.round(width * Math.min(1, 440 / width, 360 / height)))}px`;
    bubble.append(photo(message, on));
  }
  if (message.document) bubble.append(documentCard(message.document, on));
  if (message.contact) bubble.append(contact(message.contact));
  if (message.invoice) bubble.append(invoice(message));
  const text = message.text ?? message.caption;
  if (text) bubble.append(el("div", { className: "text" }, ...formatted(text, message.entities ?? message.caption_entities ?? [], on)));
  bubble.classList.toggle("bare", Boolean(message.photo) && !text);
  const time = el("time", { title: new Date(message.date * 1000).toLocaleString() }, clock(message.date));
  bubble.append(el("span", { className: "meta" }, message.edit_date ? "edited " : "", time));
  if (message.reply_markup) node.append(inlineKeyboard(message, on));
  else if (message.invoice) node.append(inlineKeyboard({ ...message, reply_markup: { inline_keyboard: [[PAY]] } }, on));
  return node;
}

const PAY = { text: "", pay: true };

function service(message, text) {
  const node = el("li", { className: "service" }, el("span", {}, text));
  node.dataset.id = message.message_id;
  return node;
}

function invoice({ invoice: { title, description, total_amount } }) {
  return el("div", { className: "invoice" }, el("b", {}, title), el("span", {}, description), el("small", {}, `⭐ ${total_amount}`));
}

// Offsets of entities are UTF-16 units, as the indices of JavaScript strings.
export function formatted(text, entities, on) {
  return spans(text, 0, text.length, entities, on);
}

function spans(text, from, to, entities, on) {
  const nodes = [];
  let at = from;
  for (let i = 0; i < entities.length; i++) {
    const entity = entities[i];
    const end = entity.offset + entity.length;
    if (entity.offset < at || end > to) continue;
    const inner = entities.slice(i + 1).filter((other) => other.offset + other.length <= end);
    nodes.push(text.slice(at, entity.offset), entityNode(entity, text.slice(entity.offset, end), spans(text, entity.offset, end, inner, on), on));
    at = end;
  }
  nodes.push(text.slice(at, to));
  return nodes.filter((node) => node !== "");
}

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s" };

function entityNode(entity, text, children, on) {
  const { type } = entity;
  if (TAGS[type]) return el(TAGS[type], {}, ...children);
  if (type === "code") return el("code", { title: "Copy", onclick: () => on.copy(text) }, ...children);
  if (type === "pre") {
    const label = el("button", { className: "pre-head", type: "button", onclick: () => on.copy(text) }, entity.language ?? "code", icon("copy"));
    return el("div", { className: "pre" }, label, el("pre", {}, ...children));
  }
  if (type === "text_link" || type === "url") return link(entity.url ?? text, children, on);
  if (type === "bot_command") {
    return el("a", { href: "#", onclick: (event) => { event.preventDefault(); on.command(text); } }, ...children);
  }
  if (type === "spoiler") {
    return el("span", { className: "spoiler", onclick: (event) => event.currentTarget.classList.add("shown") }, ...children);
  }
  if (type === "blockquote") return el("blockquote", {}, ...children);
  if (type === "expandable_blockquote") {
    return el("blockquote", { className: "folded", onclick: (event) => event.currentTarget.classList.toggle("folded") }, ...children);
  }
  return el("span", { className: type === "mention" ? "mention" : "" }, ...children);
}

function link(url, children, on) {
  const href = /^(https?|tg):\/\//i.test(url) ? url : "#";
  return el("a", { href, target: "_blank", rel: "noopener noreferrer", title: url, onclick: (event) => {
    event.preventDefault();
    on.link(href);
  } }, ...children);
}

function quote(message) {
  const text = message.text ?? message.caption ?? "Media";
  return el("div", { className: "quote" }, el("b", {}, message.from.first_name), el("span", {}, text.slice(0, 120)));
}

function photo(message, on) {
  const large = message.photo.at(-1);
  const url = on.fileUrl(large.file_id);
  const image = el("img", { src: url, alt: message.caption ?? "Photo", decoding: "sync" });
  image.style.aspectRatio = `${large.width} / ${large.height}`; // keeps the place until the picture is there
  return el("button", { className: "photo", type: "button", title: "Enlarge", onclick: () => on.photo(url) }, image);
}

function documentCard(document, on) {
  const name = document.file_name ?? "file";
  const small = document.thumbnail;
  const mark = small ? el("img", { className: "file-mark", src: on.fileUrl(small.file_id), alt: "" }) : el("span", { className: "file-mark" }, icon("file"));
  const about = el("span", {}, el("b", {}, name), el("small", {}, size(document.file_size ?? 0)));
  return el("a", { className: "file", href: on.fileUrl(document.file_id, name), download: name }, mark, about);
}

function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

function contact(person) {
  const name = fullName(person);
  const about = el("span", {}, el("b", {}, name), el("small", {}, person.phone_number));
  return el("div", { className: "contact" }, avatar(name, person.user_id ?? 0), about);
}

function inlineKeyboard(message, on) {
  const rows = message.reply_markup.inline_keyboard.map((row) =>
    el("div", { className: "row" }, ...row.map((button) => inlineButton(message, button, on))));
  return el("div", { className: "inline-keyboard" }, ...rows);
}

function inlineButton(message, button, on) {
  const node = el("button", { type: "button", className: button.style ?? "" }, el("span", {}, label(message, button)));
  node.onclick = () => on.tap(message, button, node);
  const mark = button.url || button.web_app ? "link" : button.copy_text ? "copy" : null;
  if (mark) node.append(icon(mark));
  return node;
}

function label(message, button) {
  if (!button.pay) return button.text;
  if (message.paid) return "Paid";
  return button.text.replace(/⭐️?|XTR/g, "⭐") || `Pay ⭐ ${message.invoice.total_amount}`;
}
