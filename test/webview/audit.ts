/**
 * What a page must give to those who hear it or see little of it, looked up in a real browser: names of controls, roles
 * in the places that they need, references that lead somewhere, contrast of text as it is painted. Runs in the page.
 */

/** Sentences on what is wrong; empty where nothing is. It stands alone: what is outside of it is not in the page. */
export function audit(): string[] {
  // Of WCAG 2.1, success criterion 1.4.3; large is 24 px, or 18.66 px in bold.
  const LEAST_CONTRAST = 4.5;
  const LEAST_CONTRAST_LARGE = 3;
  type Colour = [r: number, g: number, b: number, a: number];
  const found = new Set<string>();
  const all = [...document.querySelectorAll<HTMLElement>("body *")];
  const isShown = (element: Element): boolean =>
    (element as HTMLElement).checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    element.getBoundingClientRect().width > 0;
  const said = (element: Element): string => {
    const name = element.className?.toString().split(" ").slice(0, 2).join(".");
    return `<${element.localName}${name ? ` .${name}` : ""}> '${(element.textContent ?? "").trim().slice(0, 30)}'`;
  };

  function nameOf(element: HTMLElement): string {
    const by = element.getAttribute("aria-labelledby");
    const others = by ? by.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "") : [];
    const labels = [...((element as HTMLInputElement).labels ?? [])].map((label) => label.textContent ?? "");
    const own = [element.getAttribute("aria-label"), element.title, element.textContent, ...others, ...labels];
    return own.map((text) => (text ?? "").trim()).find((text) => text !== "") ?? "";
  }

  const CONTROLS =
    "button, a[href], input, select, summary, vscode-button, vscode-dropdown, [role=button], [role=tab], [role=radio], [tabindex='0']";
  const PARENTS: Record<string, string> = {
    tab: "[role=tablist]",
    radio: "[role=radiogroup]",
    row: "[role=treegrid], [role=grid], [role=table], table",
    gridcell: "[role=row], tr",
    columnheader: "[role=row], tr",
    option: "[role=listbox], vscode-dropdown, select",
  };
  const ids = new Map<string, number>();
  for (const element of all) {
    if (element.id) ids.set(element.id, (ids.get(element.id) ?? 0) + 1);
    const role = element.getAttribute("role") ?? "";
    if (PARENTS[role] && !element.parentElement?.closest(PARENTS[role])) found.add(`${said(element)}: ${role} alone`);
    for (const name of ["aria-labelledby", "aria-controls", "aria-activedescendant", "aria-describedby"]) {
      for (const id of element.getAttribute(name)?.split(/\s+/) ?? []) {
        // Empty while what it controls is closed.
        if (id !== "" && !document.getElementById(id)) found.add(`${said(element)}: ${name} leads nowhere`);
      }
    }
    if (!isShown(element)) continue;
    if (element.matches(CONTROLS) && nameOf(element) === "") found.add(`${said(element)}: a control without a name`);
    if (role === "img" && !element.getAttribute("aria-label")) found.add(`${said(element)}: a picture without words`);
  }
  for (const [id, count] of ids) if (count > 1) found.add(`id ${id} is there ${count} times`);
  if (!document.querySelector("h1, h2") && !document.querySelector("[role=alert]")) found.add("no heading");

  function parsed(text: string): Colour | null {
    const plain = /^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(text);
    if (plain) return [+plain[1]!, +plain[2]!, +plain[3]!, plain[4] === undefined ? 1 : +plain[4]];
    const srgb = /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/.exec(text);
    if (!srgb) return null;
    return [+srgb[1]! * 255, +srgb[2]! * 255, +srgb[3]! * 255, srgb[4] === undefined ? 1 : +srgb[4]];
  }
  const over = ([r, g, b, a]: Colour, [R, G, B]: Colour): Colour => [
    r * a + R * (1 - a),
    g * a + G * (1 - a),
    b * a + B * (1 - a),
    1,
  ];
  /** What is painted behind an element, and how much of it shows through what stands around it. */
  function ground(element: Element): Colour {
    const layers: Colour[] = [];
    for (let at: Element | null = element; at; at = at.parentElement) {
      const colour = parsed(getComputedStyle(at).backgroundColor);
      if (colour && colour[3] > 0) layers.push(colour);
      if (colour?.[3] === 1) break;
    }
    return layers.reduceRight<Colour>((under, layer) => over(layer, under), [255, 255, 255, 1]);
  }
  const light = ([r, g, b]: Colour): number => {
    const linear = [r, g, b].map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  for (const element of all) {
    const hasText = [...element.childNodes].some((node) => node instanceof Text && node.data.trim() !== "");
    if (!hasText || !isShown(element)) continue;
    // What cannot be used now is exempt.
    if (element.closest("[disabled], [aria-disabled=true], .lw-spoken")) continue;
    const style = getComputedStyle(element);
    const own = parsed(element instanceof SVGElement ? style.fill : style.color);
    if (!own) continue;
    const behind = ground(element);
    const [a, b] = [light(over(own, behind)), light(behind)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (isLarge ? LEAST_CONTRAST_LARGE : LEAST_CONTRAST)) {
      found.add(
        `${said(element)}: contrast ${contrast.toFixed(2)}, ${style.color} on ${behind.map(Math.round).join()}`,
      );
    }
  }
  return [...found];
}
