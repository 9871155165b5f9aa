// Clicks among all pictures become events of the page. Which picture is meant is only a wish: the server checks it.
element.addEventListener("click", (event) => {
  const pressed = event.target.closest("[data-do]");
  if (!pressed) return;
  const doing = pressed.dataset.do;
  const page = Number(pressed.dataset.page ?? pressed.closest("[data-page]")?.dataset.page ?? 0);
  const wish = { picture: pressed.dataset.id ?? "", page, large: !!pressed.closest(".large") };
  if (doing === "look") trigger("look", wish);
  if (doing === "star") trigger("star", wish);
  if (doing === "turn") trigger("turn", wish);
  if (doing === "use") trigger("use", wish);
  if (doing === "go") trigger("go", wish);
});
