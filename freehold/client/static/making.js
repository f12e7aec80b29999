/** What a clip is made with: another clip, or somebody's sound, and how. */
const fields = /** @type {HTMLFieldSetElement | null} */ (document.getElementById("making-fields"));

/** As the API takes it; null where the clip is made with nothing. @returns {Record<string, string | number> | null} */
export function making() {
  const form = /** @type {HTMLFormElement | null} */ (fields?.closest("form"));
  if (!form || !fields) return null;
  const said = new FormData(form);
  const kind = ["duet", "stitch", "sound"].find((name) => said.has(name)) || "";
  const numbers = ["stitch_ms", "own_volume", "other_volume"].filter((name) => said.has(name));
  return {
    kind,
    id: String(said.get(kind)),
    ...(said.has("layout") ? { layout: String(said.get("layout")) } : {}),
    ...Object.fromEntries(numbers.map((name) => [name, Number(said.get(name))])),
  };
}

for (const range of fields?.querySelectorAll('input[type="range"]') || []) {
  const { unit, share } = /** @type {HTMLElement} */ (range).dataset;
  const output = /** @type {HTMLOutputElement} */ (range.nextElementSibling);
  const tell = () => {
    output.textContent = Number(/** @type {HTMLInputElement} */ (range).value) / Number(share || 1) + (unit || "");
    range.setAttribute("aria-valuetext", output.textContent);
  };
  range.addEventListener("input", tell);
  tell();
}
