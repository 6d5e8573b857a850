// A button with data-send posts its data-json there and shows the page as it is after that.
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-send]");
  if (!button) return;
  button.disabled = true;
  const response = await fetch(button.dataset.send, {
    method: button.dataset.method ?? "POST",
    headers: { "Content-Type": "application/json" },
    body: button.dataset.json,
  });
  if (response.ok) return location.reload();
  button.disabled = false;
  alert((await response.json()).error);
});
