// Channels and groups: joining by an invite link, leaving, and what an owner does with the bot.

import { ask, toast } from "./dialogs.js";
import { el } from "./message.js";

const $ = (id) => document.getElementById(id);
const KINDS = { channel: "channel", supergroup: "group" };
const STATUSES = { creator: "yours", administrator: "you are an administrator", member: "you are in", restricted: "you are restricted", kicked: "you are banned", left: "you are not in" };

// An invite link of this very Telegram: the hash after its "+".
export function inviteHash(url) {
  const { host, pathname } = new URL(url, location.href);
  const last = decodeURIComponent(pathname.split("/").at(-1));
  return host === location.host && last.startsWith("+") ? last.slice(1) : null;
}

// Asks whether to join, and does it. `api` raises, `act` shows what is refused.
export async function joinByLink(hash, link, api, act) {
  try {
    const invite = await api(`invites/${encodeURIComponent(hash)}`);
    const people = invite.members === 1 ? "1 member" : `${invite.members} members`;
    $("join-title").textContent = invite.title;
    $("join-about").textContent = `Private ${KINDS[invite.type]}, ${people}.${invite.creates_join_request ? " An administrator has to let you in." : ""}`;
    $("join-button").textContent = invite.creates_join_request ? "Ask to join" : "Join";
    if (!await ask($("join-dialog"))) return;
    const joined = await act("join", { link });
    if (joined) toast(joined.status === "requested" ? "You have asked to join" : "You have joined");
  } catch (error) {
    toast(error.message);
  }
}

// Shows the person's channels; `load` gives them, `does(what, channel)` acts and gives whether it was done.
export async function showChannels(load, does) {
  const again = async (what, channel) => { if (await does(what, channel)) await showChannels(load, does); };
  const channels = await load();
  const rows = channels.map((channel) => {
    const owned = channel.status === "creator";
    const trusted = channel.bot.status === "administrator";
    const state = channel.asked ? "you have asked to join" : STATUSES[channel.status];
    const bot = owned ? ` · the bot ${trusted ? `is an administrator` : "has no rights"}` : "";
    const inside = ["member", "administrator", "restricted"].includes(channel.status);
    const doable = owned ? [trusted ? ["demote", "Take the bot's rights away"] : ["promote", "Make the bot an administrator"]] : inside ? [["leave", "Leave"]] : [];
    const buttons = doable.map(([what, label]) => el("button", { type: "button", onclick: () => again(what, channel) }, label));
    return el("li", {}, el("b", {}, channel.title), el("small", {}, `${KINDS[channel.type]}, ${channel.members} inside · ${state}${bot}`), el("span", {}, ...buttons));
  });
  $("channels").replaceChildren(...(rows.length ? rows : [el("li", {}, el("small", {}, "None yet. An invite link leads to one."))]));
  if (!$("channels-dialog").open) $("channels-dialog").showModal();
}
