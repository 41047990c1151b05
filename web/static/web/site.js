// What scripts add to pages that work without them.
"use strict";

// --- The visitor's time zone: whose days are counted -------------------------------------------
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;

// --- Signing in elsewhere changes the token of the forms that are open here ---------------------
const token = () => document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
document.addEventListener("submit", (event) => {
  const field = event.target.elements.csrfmiddlewaretoken;
  if (field && token()) field.value = token();
}, true);

// --- Times in the reader's zone, in the page's format -------------------------------------------
const tellTimes = (part) => {
  for (const time of part.querySelectorAll("time[data-as]")) {
    const then = new Date(time.dateTime);
    const two = (number) => String(number).padStart(2, "0");
    const letters = {
      Y: () => then.getFullYear(),
      M: () => then.toLocaleDateString("en-US", { month: "short" }),
      n: () => then.getMonth() + 1,
      j: () => then.getDate(),
      H: () => two(then.getHours()),
      i: () => two(then.getMinutes()),
    };
    time.textContent = time.dataset.as.replace(/[YMnjHi]/g, (letter) => letters[letter]());
  }
};
tellTimes(document);
document.addEventListener("htmx:load", (event) => tellTimes(event.detail.elt));

// --- Answers that refuse, and say why, are shown where the others are ---------------------------
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target } = event.detail;
  if ((xhr.status === 401 || xhr.status === 429) && target.id === "upload-errors") {
    Object.assign(event.detail, { shouldSwap: true, isError: false });
  }
});

// --- A form that costs something is sent once -------------------------------------------------
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});
// Coming back to a page from the browser's memory, its forms can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

// --- All pictures of a page are chosen at once ------------------------------------------------
for (const all of document.querySelectorAll("[data-all]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of document.getElementById(all.dataset.all).elements) {
      if (box.name === "picture") box.checked = all.checked;
    }
  });
}

// --- Menus close on Escape and on a click beside them -----------------------------------------
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// --- Share: the system's own sheet, else the link is copied ------------------------------------
for (const button of document.querySelectorAll("[data-share]")) {
  if (!navigator.share && !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      if (navigator.share) await navigator.share({ title: document.title, url: button.dataset.share });
      else {
        await navigator.clipboard.writeText(button.dataset.share);
        button.querySelector("span").textContent = button.dataset.done;
      }
    } catch (error) {
      if (error.name !== "AbortError") window.prompt("", button.dataset.share);
    }
  });
}

// --- Works are enlarged in the page; without scripts, their links lead to the files ---------------
for (const works of document.querySelectorAll("[data-viewer]")) {
  const links = [...works.querySelectorAll("a")];
  const viewer = document.createElement("dialog");
  const picture = document.createElement("img");
  const actions = document.createElement("div");
  let shown = 0;
  const show = (number) => {
    shown = (number + links.length) % links.length;
    const small = links[shown].querySelector("img");
    picture.alt = small.alt;
    for (const side of ["width", "height"]) picture.setAttribute(side, small.getAttribute(side));
    picture.src = links[shown].href;
    viewer.setAttribute("aria-label", small.alt);
  };
  const button = (text, act) => {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "button small", textContent: text });
    made.addEventListener("click", act);
    actions.append(made);
    return made;
  };
  viewer.className = "viewer";
  actions.className = "actions";
  button(works.dataset.before, () => show(shown - 1));
  const close = button(works.dataset.close, () => viewer.close());
  button(works.dataset.after, () => show(shown + 1));
  viewer.append(picture, actions);
  works.after(viewer);
  viewer.addEventListener("click", (event) => {
    if (event.target === viewer) viewer.close();
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(shown - 1);
    if (event.key === "ArrowRight") show(shown + 1);
  });
  viewer.addEventListener("close", () => links[shown].focus());
  for (const [number, link] of links.entries()) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(number);
      viewer.showModal();
      close.focus();
    });
  }
}

// --- Signature: drawn on a canvas, sent as a PNG with a transparent ground ---------------------
for (const form of document.querySelectorAll("[data-signing]")) {
  const pad = form.querySelector(".pad");
  const canvas = pad.querySelector("canvas");
  const brush = canvas.getContext("2d");
  const drawing = form.elements.drawing;
  let last = null;
  pad.hidden = false;
  if (drawing.value) {
    // What was drawn before something else in the form was wrong.
    const before = new Image();
    before.addEventListener("load", () => brush.drawImage(before, 0, 0));
    before.src = drawing.value;
  }
  Object.assign(brush, { lineWidth: 7, lineCap: "round", lineJoin: "round", strokeStyle: "#1c1a28", fillStyle: "#1c1a28" });
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    // A dot is a stroke too. A line without length is not drawn by every browser.
    brush.beginPath();
    brush.arc(...last, brush.lineWidth / 2, 0, 2 * Math.PI);
    brush.fill();
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = place(event);
    brush.beginPath();
    brush.moveTo(...last);
    brush.lineTo(...here);
    brush.stroke();
    last = here;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (last) drawing.value = canvas.toDataURL("image/png");
      last = null;
    });
  }
  pad.querySelector("[data-clear]").addEventListener("click", () => {
    brush.clearRect(0, 0, canvas.width, canvas.height);
    drawing.value = "";
  });
}

// --- Files that are dropped on a place ----------------------------------------------------------
const receive = (place, take) => {
  place.querySelector(".drop-here").hidden = false;
  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      place.classList.add("over");
    });
  }
  for (const name of ["dragleave", "drop"]) {
    place.addEventListener(name, () => place.classList.remove("over"));
  }
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
};

// --- A picture to look up: one that is dropped or pasted is looked up at once -------------------
for (const form of document.querySelectorAll("[data-look-up]")) {
  const input = form.elements.file;
  const problem = form.querySelector(".notice");
  const fits = () => {
    const file = input.files[0];
    const is = !file || file.size <= form.dataset.most * 2 ** 20;
    if (!is) {
      problem.textContent = problem.dataset.tooLarge;
      input.value = "";
    }
    problem.hidden = is;
    return is;
  };
  const take = ([file]) => {
    if (!file) return;
    const transfer = new DataTransfer();
    transfer.items.add(file);
    input.files = transfer.files;
    if (fits()) form.requestSubmit();
  };
  problem.setAttribute("role", "alert");
  input.addEventListener("change", fits);
  receive(form.querySelector(".drop"), take);
  document.addEventListener("paste", (event) => take([...event.clipboardData.files]));
}

// --- Printing, where a script can -----------------------------------------------------------------
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// --- Upload: dropped or chosen, each file with its preview, verdict and tags -------------------
for (const form of document.querySelectorAll("[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector(".files");
  const chosen = form.querySelector(".chosen");
  const lines = form.elements.image_tags;
  const drop = form.querySelector(".drop");
  const sending = form.querySelector(".sending");
  const errors = form.querySelector("#upload-errors");
  const texts = form.dataset;
  const leaveOut = form.querySelector(".leave-out");
  let entries = [];
  let waiting = [];
  let isChecking = false;

  const known = (file) => entries.some(
    (entry) => entry.file.name === file.name && entry.file.size === file.size
      && entry.file.lastModified === file.lastModified);

  // The form's own field always holds what is listed, so that sending it is the browser's job.
  const tell = () => {
    const transfer = new DataTransfer();
    for (const entry of entries) transfer.items.add(entry.file);
    input.files = transfer.files;
    lines.value = entries.map((entry) => entry.tags.value.replace(/\s*\n\s*/g, " ")).join("\n");
    chosen.textContent = entries.length ? texts.count.replace("{n}", entries.length) : "";
  };

  const add = (file) => {
    const item = document.createElement("li");
    const picture = document.createElement("img");
    const address = URL.createObjectURL(file);
    picture.alt = "";
    picture.src = address;
    picture.addEventListener("load", () => URL.revokeObjectURL(address), { once: true });
    const name = document.createElement("span");
    name.textContent = file.name;
    const verdict = document.createElement("span");
    verdict.className = "quiet";
    verdict.textContent = texts.checking;
    const tags = document.createElement("input");
    tags.type = "text";
    tags.placeholder = texts.tags;
    tags.setAttribute("aria-label", `${texts.tags} ${file.name}`);
    tags.addEventListener("input", tell);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "button small";
    remove.textContent = texts.remove;
    remove.setAttribute("aria-label", `${texts.remove} ${file.name}`);
    item.append(picture, name, verdict, tags, remove);
    list.append(item);
    const entry = { file, item, verdict, tags };
    remove.addEventListener("click", () => take([], [entry]));
    entries.push(entry);
    waiting.push(entry);
  };

  // What the upload would say of all of them together.
  const judge = () => {
    const seen = new Set();
    for (const entry of entries) {
      const said = entry.verdict.querySelector(".verdict");
      const digest = said?.dataset.digest;
      if (digest) {
        const isTwice = seen.has(digest);
        seen.add(digest);
        if (!entry.good) entry.good = said.textContent;
        said.className = `verdict ${isTwice ? "bad" : "good"}`;
        said.textContent = isTwice ? `✗ ${texts.duplicate}` : entry.good;
      }
    }
    const bad = entries.filter((entry) => entry.verdict.querySelector(".verdict.bad"));
    leaveOut.hidden = !bad.length;
    leaveOut.querySelector("span").textContent = bad.length;
    return bad;
  };
  leaveOut.addEventListener("click", () => {
    take([], judge());
    chosen.tabIndex = -1;
    chosen.focus();
  });

  // One at a time: a hundred large files at once would keep the server from everybody else.
  const check = async () => {
    if (isChecking) return;
    isChecking = true;
    while (waiting.length) {
      const entry = waiting.shift();
      const body = new FormData();
      body.append("image", entry.file);
      try {
        const answer = await fetch(texts.check, {
          method: "POST",
          body,
          headers: { "X-CSRFToken": token() || form.elements.csrfmiddlewaretoken.value },
        });
        if (answer.status === 401 || answer.status === 429) {
          // Later: once somebody has signed in and comes back to this page, or has waited.
          waiting.unshift(entry);
          if (answer.status === 401) errors.innerHTML = await answer.text();
          else setTimeout(check, 1000 * Number(answer.headers.get("Retry-After") || 10));
          break;
        }
        if (!answer.ok) throw new Error(answer.status);
        if (errors.querySelector("a[target]")) errors.replaceChildren();
        entry.verdict.className = "";
        entry.verdict.innerHTML = await answer.text();
        judge();
      } catch {
        entry.verdict.textContent = texts.failed;
      }
    }
    isChecking = false;
  };

  const take = (files, without = []) => {
    for (const file of files) if (!known(file)) add(file);
    entries = entries.filter((entry) => !without.includes(entry));
    waiting = waiting.filter((entry) => !without.includes(entry));
    for (const entry of without) entry.item.remove();
    tell();
    judge();
    check();
  };
  window.addEventListener("focus", () => check());
  input.addEventListener("change", () => take([...input.files]));
  receive(drop, take);
  form.addEventListener("htmx:xhr:progress", (event) => {
    if (!event.detail.lengthComputable) return;
    sending.hidden = false;
    sending.value = (100 * event.detail.loaded) / event.detail.total;
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === form) sending.hidden = true;
  });
}
