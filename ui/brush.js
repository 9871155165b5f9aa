// Marking a part of a picture with a brush; the marked part goes with the next message.
(() => {
  const reverie = window.reverie;
  const { make, say } = reverie;
  const COLOR = "#7865c0";
  const KEY_STEP = 0.02;
  let mask = null, sent = null;

  const showChip = () => {
    const place = document.querySelector(".mask-place");
    place?.replaceChildren();
    if (!mask) return;
    const remove = make("button", { type: "button", className: "chip-remove", textContent: "×", title: say("remove_mask") });
    remove.addEventListener("click", () => ((mask = null), showChip()));
    const words = make("span", { textContent: say("mask_on", { handle: mask.handle }) });
    place.append(make("div", { className: "chip mask-chip" }, words, remove));
  };

  // With a message that has words; one that is refused gives it back.
  reverie.takeMask = (box) => {
    if (!mask || !box?.text?.trim()) return "";
    sent = mask;
    mask = null;
    showChip();
    return JSON.stringify({ about: sent.about, png: sent.png });
  };
  reverie.noticeRefusal = () => {
    if (!sent || !document.querySelector(".at-work, .refusal, .picture.forming")) return;
    if (document.querySelector(".refusal")) [mask, sent] = [sent, null];
    else if (document.querySelector(".picture.forming")) sent = null;
    showChip();
  };

  const load = (address) =>
    new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => reject(new Error(say("some_picture")));
      image.src = address;
    });

  const draw = (canvas, strokes) => {
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.globalCompositeOperation = "source-over";
    pen.clearRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { lineCap: "round", lineJoin: "round", strokeStyle: COLOR, fillStyle: COLOR });
    for (const stroke of strokes) {
      pen.globalCompositeOperation = stroke.erases ? "destination-out" : "source-over";
      pen.lineWidth = stroke.width;
      pen.beginPath();
      pen.arc(stroke.points[0].x, stroke.points[0].y, stroke.width / 2, 0, 2 * Math.PI);
      pen.fill();
      pen.beginPath();
      pen.moveTo(stroke.points[0].x, stroke.points[0].y);
      for (const point of stroke.points) pen.lineTo(point.x, point.y);
      pen.stroke();
    }
  };

  const isEmpty = (canvas) => {
    const pixels = canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, canvas.width, canvas.height).data;
    for (let place = 3; place < pixels.length; place += 4) if (pixels[place]) return false;
    return true;
  };

  // White where the picture may change, black elsewhere.
  const asPng = (canvas) => {
    const copy = make("canvas", { width: canvas.width, height: canvas.height });
    const pen = copy.getContext("2d");
    pen.drawImage(canvas, 0, 0);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = "white";
    pen.fillRect(0, 0, copy.width, copy.height);
    pen.globalCompositeOperation = "destination-over";
    pen.fillStyle = "black";
    pen.fillRect(0, 0, copy.width, copy.height);
    return copy.toDataURL("image/png").split(",")[1];
  };

  const button = (words, onClick, className = "act quiet") => {
    const element = make("button", { type: "button", className, textContent: words });
    element.addEventListener("click", onClick);
    return element;
  };

  reverie.showBrush = reverie.orSay(async (about) => {
    const [image, others] = await Promise.all([
      load(`/pictures/${about}`),
      fetch(`/pictures/${about}/others`).then((answer) => answer.json()),
    ]);
    const { handle, words } = others.find((each) => each.id === about);
    const canvas = make("canvas", { width: image.naturalWidth, height: image.naturalHeight, tabIndex: 0 });
    canvas.setAttribute("aria-label", `${say("paint_mask", { handle })}. ${words}`);
    const cursor = make("span", { className: "brush-cursor" });
    const size = make("input", { type: "range", min: 2, max: 40, value: 14 });
    const erases = make("input", { type: "checkbox" });
    const strokes = [];
    const at = { x: image.naturalWidth / 2, y: image.naturalHeight / 2 };
    const width = () => (size.value / 100) * Math.min(canvas.width, canvas.height);
    const refresh = () => {
      draw(canvas, strokes);
      use.disabled = isEmpty(canvas);
    };
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * canvas.width;
      const y = ((event.clientY - box.top) / box.height) * canvas.height;
      return { x, y };
    };
    const showCursor = () => {
      const box = canvas.getBoundingClientRect();
      const px = (width() / canvas.width) * box.width;
      Object.assign(cursor.style, {
        width: `${px}px`, height: `${px}px`, left: `${(at.x / canvas.width) * 100}%`, top: `${(at.y / canvas.height) * 100}%`,
      });
    };
    const begin = () => strokes.push({ width: width(), erases: erases.checked, points: [{ ...at }] });
    let isDown = false;
    canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      isDown = true;
      Object.assign(at, place(event));
      begin();
      refresh();
    });
    canvas.addEventListener("pointermove", (event) => {
      Object.assign(at, place(event));
      showCursor();
      if (!isDown) return;
      strokes.at(-1).points.push({ ...at });
      draw(canvas, strokes);
    });
    for (const name of ["pointerup", "pointercancel"])
      canvas.addEventListener(name, () => ((isDown = false), refresh()));
    const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    canvas.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (!move && event.key !== " ") return;
      event.preventDefault();
      if (move) {
        at.x = Math.min(canvas.width, Math.max(0, at.x + move[0] * KEY_STEP * canvas.width));
        at.y = Math.min(canvas.height, Math.max(0, at.y + move[1] * KEY_STEP * canvas.height));
      } else begin();
      showCursor();
      refresh();
    });
    size.addEventListener("input", showCursor);
    const use = button(say("use_mask"), () => {
      mask = { about, handle, png: asPng(canvas) };
      showChip();
      dialog.close();
      document.querySelector(".box textarea")?.focus();
    }, "act answer");
    const field = (words, input) => make("label", { className: "overlay-field" }, input, make("span", { textContent: words }));
    const bar = make(
      "div",
      { className: "overlay-bar" },
      field(say("brush_size"), size),
      field(say("erase"), erases),
      button(say("undo"), () => (strokes.pop(), refresh())),
      button(say("clear"), () => ((strokes.length = 0), refresh())),
      use,
    );
    image.alt = words;
    const frame = make("div", { className: "brush-frame" }, image, canvas, cursor);
    frame.style.setProperty("--wide", canvas.width);
    frame.style.setProperty("--tall", canvas.height);
    const dialog = reverie.open(say("paint_mask", { handle }), make("p", { className: "overlay-words", textContent: say("brush_hint") }), frame, bar);
    refresh();
    showCursor();
  });
})();
