// The colours of the page for its painters, read from the style sheet, and again when light becomes dark.

export interface Theme {
  ink: string;
  soft: string;
  line: string;
  ground: string;
  accent: string;
  warm: string;
  good: string;
  faint: string;
  font: string;
  dark: boolean;
}

function read(element: Element, dark: boolean): Theme {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    soft: of("soft"),
    line: of("line"),
    ground: of("card"),
    accent: of("accent"),
    warm: of("warm"),
    good: of("good"),
    faint: of("faint"),
    font: style.fontFamily || "sans-serif",
    dark,
  };
}

const scheme = matchMedia("(prefers-color-scheme: dark)");

class Themes {
  private element: Element = document.documentElement;
  now = $state.raw<Theme>(read(this.element, scheme.matches));

  constructor() {
    scheme.addEventListener("change", () => this.element === document.documentElement && this.follow(this.element, scheme.matches));
  }

  /** Take the colours of this element from now on. */
  follow(element: Element, dark: boolean): void {
    this.element = element;
    this.now = read(element, dark);
  }
}

export const themes = new Themes();
export const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
