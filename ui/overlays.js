// What is shown above the page: a picture's card, and two versions one over the other.
(() => {
  const reverie = window.reverie;
  const { make, say } = reverie;

  // Escape closes it, focus stays inside and then goes back to where it was: the browser's own dialog does that.
  reverie.open = (label, ...children) => {
    const close = make("button", { type: "button", className: "overlay-close", title: say("close") });
    close.append(make("span", { className: "unseen", textContent: say("close") }));
    const dialog = make("dialog", { className: "overlay" }, close, ...children);
    dialog.setAttribute("aria-label", label);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    (document.querySelector(".gradio-container .contain") ?? document.body).append(dialog);
    dialog.showModal();
    return dialog;
  };

  const ask = async (address) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  };

  // A failure is a sentence above the page.
  reverie.orSay = (show) => async (id) => {
    try {
      await show(id);
    } catch (error) {
      reverie.open(say("close"), make("p", { className: "overlay-words", textContent: error.message }));
    }
  };

  reverie.showCard = reverie.orSay(async (id) => {
    const card = make("div", { className: "info-card" });
    card.innerHTML = await (await ask(`/pictures/${id}/card`)).text();
    reverie.open(card.querySelector("h2")?.textContent ?? "", card);
  });

  const choice = (label, pictures, chosen, onChoice) => {
    const options = pictures.map((each) => new Option(each.handle, each.id, false, each.id === chosen.id));
    const select = make("select", {}, ...options);
    select.addEventListener("change", () => onChoice(pictures.find((each) => each.id === select.value)));
    return make("label", { className: "overlay-field" }, make("span", { textContent: label }), select);
  };

  const sheet = (className) => make("img", { className, draggable: false });

  reverie.showComparison = reverie.orSay(async (id) => {
    const pictures = await (await ask(`/pictures/${id}/others`)).json();
    if (pictures.length < 2) throw new Error(say("nothing_to_compare"));
    let right = pictures.find((each) => each.id === id);
    let left = pictures.find((each) => each.id === right.parent);
    left ??= pictures[pictures.indexOf(right) - 1] ?? pictures[pictures.indexOf(right) + 1];
    const under = sheet("right"), over = sheet("left"), changes = sheet("changes");
    const range = make("input", { type: "range", min: 0, max: 100, value: 50, className: "divider" });
    range.setAttribute("aria-label", say("divider"));
    const frame = make("div", { className: "compare-frame" }, under, over, changes, make("span", { className: "cut" }), range);
    range.addEventListener("input", () => frame.style.setProperty("--cut", `${range.value}%`));
    const toggle = make("input", { type: "checkbox" });
    const toggleLabel = make("label", { className: "overlay-field changes-toggle" }, toggle, make("span", { textContent: say("show_changes") }));
    toggle.addEventListener("change", () => frame.classList.toggle("with-changes", toggle.checked));
    changes.addEventListener("load", () => (toggleLabel.hidden = false));
    changes.addEventListener("error", () => (toggleLabel.hidden = true));
    const show = () => {
      for (const [image, picture] of [[under, right], [over, left]])
        Object.assign(image, { src: `/pictures/${picture.id}`, alt: picture.words });
      frame.style.setProperty("--wide", right.width);
      frame.style.setProperty("--tall", right.height);
      const child = [right, left].find((each) => each.parent && [right.id, left.id].includes(each.parent));
      toggleLabel.hidden = true;
      toggle.checked = false;
      frame.classList.remove("with-changes");
      changes.alt = "";
      if (child) changes.src = `/pictures/${child.id}/changes`;
      else changes.removeAttribute("src");
    };
    const fields = make(
      "div",
      { className: "overlay-bar" },
      choice(say("left"), pictures, left, (picture) => ((left = picture), show())),
      toggleLabel,
      choice(say("right"), pictures, right, (picture) => ((right = picture), show())),
    );
    show();
    reverie.open(say("compare"), fields, frame);
    range.focus();
  });
})();
