// What the page does by itself, without asking the server.
(() => {
  const isPhone = () => window.innerWidth < 768;
  const closeSidebar = () => document.querySelector(".sidebar.open .toggle-button")?.click();

  // Words that the server writes stand there in both languages; the stylesheet shows this one.
  const speaks = (navigator.languages ?? [navigator.language]).map((tag) => tag.split("-")[0]);
  document.documentElement.lang = speaks.find((name) => name === "en" || name === "zh") ?? "en";

  // A screen reader should hear a message's words and pictures, not its markup.
  const you = navigator.language.startsWith("zh") ? "你" : "You";
  const names = [["bot", "Reverie"], ["user", you]];
  const nameMessages = () => {
    for (const [role, name] of names)
      for (const message of document.querySelectorAll(`[data-testid="${role}"][aria-label*="message:"]`))
        message.setAttribute("aria-label", name);
  };

  // On a phone the page begins with the conversation, not with the list.
  let isBegun = false;
  const begin = () => {
    if (isBegun || !document.querySelector(".sidebar.open .toggle-button")) return;
    isBegun = true;
    if (isPhone()) setTimeout(closeSidebar);
  };

  const settle = () => {
    nameMessages();
    begin();
    window.reverie.noticeFiles?.();
    window.reverie.noticeRefusal?.();
  };
  new MutationObserver(settle).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["aria-label", "class"],
  });
  settle();

  // The fold of settings is a card above the page: going elsewhere or Escape closes it.
  const closeMore = () => document.querySelector(".more > .label-wrap.open")?.click();
  for (const kind of ["pointerdown", "focusin"])
    document.addEventListener(kind, (event) => {
      if (!event.target.closest(".settings .more")) closeMore();
    });
  document.addEventListener("click", (event) => {
    const fold = event.target.closest(".house > .label-wrap")?.parentElement;
    if (fold) setTimeout(() => fold.scrollIntoView({ block: "start", behavior: "smooth" }), 150);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.closest(".more")) return;
    closeMore();
    document.querySelector(".more > .label-wrap")?.focus();
  });

  // Undo and redo of pictures, unless someone writes: there the keys are the field's own.
  document.addEventListener("keydown", (event) => {
    const isWriting = event.target.closest?.("input, textarea, [contenteditable], dialog");
    const isOther = event.altKey || !(event.ctrlKey || event.metaKey) || isWriting;
    const key = event.key.toLowerCase();
    if (isOther || !["z", "y"].includes(key)) return;
    const kind = key === "y" || event.shiftKey ? "redo" : "undo";
    const button = [...document.querySelectorAll(`.strip .${kind}`)].at(-1);
    if (!button) return;
    event.preventDefault();
    button.click();
  });

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest(".sessions .chat-link, button.new, .places button");
    if (chosen && isPhone()) closeSidebar();
    const handle = event.target.closest(".choice .thumbnail")?.querySelector("figcaption").textContent.trim();
    const options = handle ? [...document.querySelectorAll(".chat .option")] : [];
    options.find((option) => option.textContent.trim() === handle)?.click();
  });
})();
