// Lists what the visitor has, and gets links to it from the JSON API of cf_protected.

const shelf = document.getElementById("shelf");
const texts = shelf.dataset;
const csrfToken = document.querySelector("[name=csrfmiddlewaretoken]").value;
const language = document.documentElement.lang;

/** The API's answer. Throws an Error whose message can be read out. */
async function ask(path, options) {
  const url = new URL(path, new URL(texts.api, location.href));
  const response = await fetch(url, options).catch(() => {
    throw new Error(texts.unreachable);
  });
  const isJson = /[/+]json\b/.test(response.headers.get("Content-Type"));
  const answer = isJson ? await response.json() : {};
  if (!response.ok) {
    // Problem details: https://www.rfc-editor.org/rfc/rfc9457
    throw new Error(answer.detail || answer.title || texts.failed);
  }
  return answer;
}

/** Does it, and says in the element `where` what came of it, or what went wrong. */
async function tell(where, work) {
  try {
    const text = await work();
    // Who has nothing to say takes nothing back: a later click may have said something since.
    if (text !== undefined) where.textContent = text;
  } catch (error) {
    where.textContent = error.message;
  }
}

function copyOf(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

async function showShelf() {
  for (let page = ""; page !== null; ) {
    const { assets, next } = await ask(page);
    shelf.append(...assets.map(showAsset));
    page = next;
  }
  return shelf.children.length > 0 ? "" : texts.empty;
}

function showAsset(asset) {
  const section = copyOf("asset");
  section.querySelector(".title").textContent = asset.title;
  const note = section.querySelector(".explanation");
  writeNote(note, asset);
  const refresh = async () => writeNote(note, await ask(`${asset.slug}/`));
  if (asset.allowed) {
    const show = (files) => list.append(...files.map((file) => showFile(file, refresh)));
    const list = section.querySelector(".files");
    show(asset.files);
    tell(note, () => showFurtherFiles(asset.nextFiles, show));
  }
  return section;
}

async function showFurtherFiles(url, show) {
  while (url !== null) {
    const { files, next } = await ask(url);
    show(files);
    url = next;
  }
}

function writeNote(note, { allowed, explanation, grant }) {
  const left = grant?.downloadsLeft ?? null;
  note.hidden = allowed && left === null;
  note.textContent = allowed ? `${texts.left} ${left}` : explanation;
}

function showFile(file, refresh) {
  const item = copyOf("file");
  const [get, copy] = item.querySelectorAll("button");
  const status = item.querySelector("[role=status]");
  item.querySelector(".name").textContent = file.name;
  item.querySelector(".size").textContent = describe(file);
  get.setAttribute("aria-label", `${get.textContent}: ${file.name}`);
  get.hidden = isGallery(file);
  get.addEventListener("click", () =>
    tell(status, async () => {
      status.textContent = "";
      showLink(item, await order(file));
      await refresh();
    }),
  );
  copy.hidden = !navigator.clipboard; // it is there for https and for this computer alone
  copy.addEventListener("click", () =>
    tell(status, async () => {
      await navigator.clipboard.writeText(item.querySelector("input").value);
      return texts.copied;
    }),
  );
  return item;
}

/** Streams have a length; what else is a folder has no single address. */
function isGallery(file) {
  return file.kind === "prefix" && file.duration === null;
}

function describe(file) {
  if (isGallery(file)) return texts.gallery;
  if (file.kind === "prefix") return texts.stream;
  if (file.size === null) return "";
  // As Django's filesizeformat has it on the other pages: 1 KB is 1,024 bytes.
  const [size, unit] =
    file.size < 2 ** 20 ? [file.size / 2 ** 10, "KB"] : [file.size / 2 ** 20, "MB"];
  return `${new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(size)} ${unit}`;
}

async function order(file) {
  const what = file.kind === "prefix" ? "playlist-url" : "signed-url";
  const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken };
  const options = { method: "POST", headers, body: "{}" };
  const answer = await ask(`../files/${file.id}/${what}/`, options);
  return { url: answer.signedUrl ?? answer.playlistUrl, end: new Date(answer.expiresAt) };
}

function showLink(item, { url, end }) {
  const [get, link] = [item.querySelector("button"), item.querySelector(".link")];
  const input = link.querySelector("input");
  input.value = link.querySelector("a").href = url;
  link.hidden = false;
  get.hidden = true;
  input.focus();
  input.select();
  input.scrollLeft = 0;
  const count = () => {
    const seconds = Math.ceil((end - Date.now()) / 1000);
    if (seconds > 0) {
      item.querySelector("[role=timer]").textContent = clock(seconds);
      return;
    }
    clearInterval(timer);
    link.hidden = true;
    get.hidden = false;
    item.querySelector("[role=status]").textContent = texts.ended;
  };
  const timer = setInterval(count, 1000);
  count();
}

function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

tell(document.getElementById("status"), showShelf);
