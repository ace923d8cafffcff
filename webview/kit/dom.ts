/**
 * Making elements without ever parsing HTML: text goes in as text, so a hostile name stays a name. Styles are set
 * through the CSSOM, which the content security policy of a webview allows.
 */
export type Child = Node | string | null | undefined | false;

export interface Properties {
  class?: string;
  /** Attributes as they are written in HTML; null leaves one out. */
  attributes?: Record<string, string | number | boolean | null>;
  style?: Record<string, string>;
  on?: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void };
}

function apply(element: Element, properties: Properties): void {
  if (properties.class) element.setAttribute("class", properties.class);
  for (const [name, value] of Object.entries(properties.attributes ?? {})) {
    if (value === null || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  const { style } = element as HTMLElement;
  for (const [name, value] of Object.entries(properties.style ?? {})) style.setProperty(name, value);
  for (const [name, handler] of Object.entries(properties.on ?? {})) {
    element.addEventListener(name, handler as EventListener);
  }
}

export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  apply(element, properties);
  for (const child of children) if (child) element.append(child);
  return element;
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | number> = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  apply(element, { attributes });
  element.append(...children);
  return element;
}

/** What an element is known by when it is made anew: its test mark, its scheme, its label. */
const NAMES = ["data-toggle", "data-radio", "data-scheme", "data-tab", "aria-label"] as const;

/** Draws again and gives the focus back to the element that stands for the one that had it. */
export function keepFocus(root: HTMLElement, draw: () => void): void {
  const { activeElement } = document;
  const name = activeElement && root.contains(activeElement) && NAMES.find((each) => activeElement.hasAttribute(each));
  const value = name && activeElement.getAttribute(name);
  draw();
  if (!name || root.contains(document.activeElement)) return;
  const twin = [...root.querySelectorAll<HTMLElement>(`[${name}]`)].find((each) => each.getAttribute(name) === value);
  twin?.focus({ preventScroll: true });
}

/** Call at most once per frame, with the state of the last moment before it. */
export function oncePerFrame(work: () => void): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      work();
    });
  };
}
