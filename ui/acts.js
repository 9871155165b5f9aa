// What the buttons of pictures and messages do. Their names are the acts, their values the ids they are about;
// the server decides what an id is worth.
(() => {
  const reverie = window.reverie;
  const language = navigator.languages.map((each) => each.slice(0, 2).toLowerCase()).find((each) => ["en", "zh"].includes(each)) ?? "en";
  const BORROWED = ["use_seed", "use_settings", "use_files"];
  let gesture = "";

  reverie.say = (key, facts = {}) =>
    reverie.texts[key][language].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

  reverie.make = (tag, attributes = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };

  reverie.takeGesture = () => gesture;

  const press = (name) => {
    const element = document.querySelector(`.unseen-${name}`);
    (element?.matches("button") ? element : element?.querySelector("button"))?.click();
  };

  const send = (act, about, texts = []) => {
    gesture = JSON.stringify({ act, about, texts });
    press(BORROWED.includes(act) ? "borrow" : "gesture");
  };

  const copyFacts = async (button) => {
    const terms = [...button.closest(".card-facts").querySelectorAll("dt")];
    const lines = terms.map((term) => `${term.textContent}: ${term.nextElementSibling.textContent}`);
    await navigator.clipboard.writeText(lines.join("\n"));
    button.textContent = reverie.say("copied");
  };

  const editMessage = (button) => {
    const acts = button.closest(".message-acts");
    const said = acts.parentElement.querySelector(".said");
    const field = reverie.make("textarea", { value: said.innerText, rows: 2, className: "edit-field" });
    field.setAttribute("aria-label", reverie.say("edit_message"));
    const sendIt = reverie.make("button", { type: "button", className: "act answer", textContent: reverie.say("send") });
    const cancel = reverie.make("button", { type: "button", className: "act quiet", textContent: reverie.say("cancel") });
    const form = reverie.make("div", { className: "edit-form" }, field, reverie.make("div", { className: "answers" }, sendIt, cancel));
    const close = () => {
      form.remove();
      said.hidden = acts.hidden = false;
      button.focus();
    };
    const submit = () => {
      const text = field.value.trim();
      if (!text) return;
      close();
      send("edit", button.value, [text]);
    };
    sendIt.addEventListener("click", submit);
    cancel.addEventListener("click", close);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        submit();
      }
    });
    said.hidden = acts.hidden = true;
    acts.before(form);
    field.focus();
  };

  const approve = (button) => {
    const fields = button.closest(".proposal").querySelectorAll(".field");
    send("approve", button.value, [...fields].map((field) => field.innerText));
  };

  const act = (button) => {
    switch (button.name) {
      case "info":
        return reverie.showCard(button.value);
      case "compare":
        return reverie.showComparison(button.value);
      case "mask":
        return reverie.showBrush(button.value);
      case "copy":
        return copyFacts(button);
      case "edit":
        return editMessage(button);
      case "approve":
        return approve(button);
      default:
        button.closest("dialog")?.close();
        return send(button.name, button.value);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.act[name]");
    if (button?.name) {
      event.preventDefault();
      event.stopPropagation();
      act(button);
    }
    const download = event.target.closest("a.download");
    if (download) {
      const address = new URL(download.href);
      if (reverie.keepsRecipe === false) address.searchParams.set("bare", "1");
      else address.searchParams.delete("bare");
      download.href = address;
    }
  }, true);

  // Settings stay in this browser. What the fields say before theirs are loaded is not kept.
  const KEPT = "reverie-settings";
  let areLoaded = false;
  reverie.loadSettings = (defaults, qualities) => {
    areLoaded = true;
    let kept = [];
    try {
      kept = JSON.parse(localStorage.getItem(KEPT)) ?? [];
    } catch {
      localStorage.removeItem(KEPT);
    }
    const values = defaults.map((value, place) => (typeof kept[place] === typeof value ? kept[place] : value));
    if (!qualities.includes(values[0])) values[0] = defaults[0];
    reverie.keepsRecipe = values.at(-1);
    return values;
  };
  reverie.keepSettings = (values) => {
    reverie.keepsRecipe = values.at(-1);
    if (areLoaded) localStorage.setItem(KEPT, JSON.stringify(values));
  };

  // Files in the box that changed are looked at: one may carry the settings it was made with.
  let files = "";
  reverie.noticeFiles = () => {
    const now = [...document.querySelectorAll(".box .thumbnail-item img")].map((image) => image.src).join();
    if (now === files) return;
    files = now;
    press("look");
  };
})();
