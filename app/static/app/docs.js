// Swagger UI is large, so it takes the page's place only when somebody asks for it, or when a link
// leads to an operation in it.
"use strict";

const button = document.querySelector("#try");

const load = (src) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  Object.assign(script, { src, onload: resolve, onerror: reject });
  document.head.append(script);
});

const start = async () => {
  const files = button.dataset;
  button.disabled = true;
  try {
    const sheet = document.createElement("link");
    Object.assign(sheet, { rel: "stylesheet", href: files.sheetHref });
    document.head.append(sheet);
    await Promise.all([load(files.bundleSrc), load(files.presetSrc)]);
    await load(files.startSrc);
    for (const own of document.querySelectorAll("#reference, style")) own.remove();
  } catch {
    button.disabled = false;
  }
};

button.hidden = false;
button.addEventListener("click", start);
if (location.hash.startsWith("#/")) start();
