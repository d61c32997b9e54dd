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

function read(): Theme {
  const style = getComputedStyle(document.documentElement);
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
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

class Themes {
  now = $state.raw<Theme>(read());

  constructor() {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (this.now = read()));
  }
}

export const themes = new Themes();
export const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
