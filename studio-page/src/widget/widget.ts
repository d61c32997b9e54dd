// A run in a notebook: what run.watch() shows, in a shadow tree, so that neither style reaches the other.

import uplot from "uplot/dist/uPlot.min.css?inline";
import { mount, unmount } from "svelte";
import app from "../app.css?inline";
import { themes } from "../lib/theme.svelte";
import { Channel, type Model } from "./channel";
import Watch from "./Watch.svelte";
import own from "./widget.css?inline";

const channels = new WeakMap<Model, Channel>();

/** One a model, whatever the number of its views. */
function channel(model: Model): Channel {
  let found = channels.get(model);
  if (!found) channels.set(model, (found = new Channel(model)));
  return found;
}

const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;

/** Red, green, blue and opacity from 0 to 255 of a colour in whatever notation. */
function channelsOf(colour: string): Uint8ClampedArray {
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour || "transparent";
  pixel.fillRect(0, 0, 1, 1);
  return pixel.getImageData(0, 0, 1, 1).data;
}

/** Whether the notebook is dark here, by the ground that it has painted, or else by what the system wishes. */
function isDark(element: Element): boolean {
  for (let at: Node | null = element; at; at = at instanceof ShadowRoot ? at.host : at.parentNode) {
    if (!(at instanceof Element)) continue;
    const [red = 0, green = 0, blue = 0, opacity = 0] = channelsOf(getComputedStyle(at).backgroundColor);
    if (opacity > 128) return 0.3 * red + 0.59 * green + 0.11 * blue < 128;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The page's style for a shadow tree, and what makes it dark or light. */
function styled(root: ShadowRoot): (dark: boolean) => void {
  const sheets = [app.replaceAll(":root", ":host"), uplot, own].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  root.adoptedStyleSheets = sheets;
  const byScheme = sheets
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule): rule is CSSMediaRule => rule instanceof CSSMediaRule && /prefers-color-scheme/.test(rule.conditionText))
    .map((rule) => ({ rule, dark: /dark/.test(rule.conditionText) }));
  return (dark) => byScheme.forEach((each) => (each.rule.media.mediaText = each.dark === dark ? "all" : "not all"));
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const host = el.appendChild(document.createElement("div"));
  const root = host.attachShadow({ mode: "open" });
  const paint = styled(root);
  let dark: boolean | null = null;
  const look = (): void => {
    const now = isDark(el);
    if (now === dark) return;
    paint((dark = now));
    host.style.colorScheme = now ? "dark" : "light";
    themes.follow(host, now);
  };
  look();
  requestAnimationFrame(look); // el may not be in the document before
  const changes = new MutationObserver(() => requestAnimationFrame(look));
  const options = { attributes: true, attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "theme"] };
  for (const each of [document.documentElement, document.body]) changes.observe(each, options);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", look);
  const target = root.appendChild(document.createElement("div"));
  const component = mount(Watch, { target, props: { channel: channel(model) } });
  return () => {
    changes.disconnect();
    scheme.removeEventListener("change", look);
    void unmount(component);
    host.remove();
  };
}

export default { initialize: ({ model }: { model: Model }) => void channel(model), render };
