/** Following a tag, in the picture at once and taken back where it is refused. */
import { deeds } from "./app.js";
import { act, askSignIn, complain, short, signedIn } from "./api.js";

deeds["follow-tag"] = async (button) => {
  if (!signedIn()) return askSignIn();
  const tag = button.closest("form")?.dataset.tag || "";
  const wanted = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(wanted));
  try {
    const now = await act(wanted ? "PUT" : "DELETE", `/api/tags/${encodeURIComponent(tag)}/follow`);
    const count = document.querySelector("[data-followers]");
    if (now && count) count.textContent = short(now.follower_count);
  } catch (fault) {
    button.setAttribute("aria-pressed", String(!wanted));
    complain(fault);
  }
};
