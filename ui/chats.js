// Clicks in the list of chats become events of the page. Which chat is meant is only a wish: the server checks it.
element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do]");
  if (!pressed) return;
  const doing = pressed.dataset.do;
  if (doing === "choose") trigger("select", { index: 0, value: pressed.dataset.id });
  if (doing === "rename") trigger("rename");
  if (doing === "pin") trigger("pin");
  if (doing === "remove") trigger("remove");
});
