// A chosen zip goes to the server as it is; the chat that it became is then opened.
element.addEventListener("change", async (event) => {
  const [file] = event.target.files ?? [];
  if (!file) return;
  event.target.value = "";
  const box = element.querySelector(".import");
  const show = (state, reason) => {
    element.querySelector(".import-error").dataset.state = state;
    element.querySelector(".import-error .reason").textContent = reason;
  };
  show("", "");
  box.dataset.state = "busy";
  try {
    const answer = await fetch("/import", {
      method: "POST",
      headers: { "Content-Type": "application/zip" },
      body: file,
    });
    const said = await answer.json();
    if (answer.ok) window.location.assign(`/?chat=${said.id}`);
    else show("told", said.error);
  } catch {
    show("broken", "");
  }
  box.dataset.state = "";
});
element.addEventListener("keydown", (event) => {
  if (event.target.matches(".import") && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    event.target.querySelector("input").click();
  }
});
