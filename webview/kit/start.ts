/**
 * What every view does when its page opens in an editor: find its port, mount, ask for its state. It knows no view.
 */
import type { ViewName } from "../../src/protocol/views/port.ts";
import { connect, editorPort, Superseded } from "./port.ts";
import type { Asked, Memory, NewsHandlers } from "./port.ts";

/** What a mounted view gives to the one who started it. */
export interface Mounted<News extends { type: string }> {
  news: NewsHandlers<News>;
  refresh(): Promise<void>;
  showProblem(message: string): void;
}

export function startView<Host, News extends { type: string }, State>(
  name: ViewName,
  mount: (app: HTMLElement, parts: { host: Asked<Host>; memory: Memory<State> }) => Mounted<News>,
): void {
  const { port, memory } = editorPort<State>(name);
  let view: Mounted<News> | null = null;
  // Filled before the first message can come: messages wait for this script to end.
  const handlers = {} as NewsHandlers<News>;
  const host = connect<Host, News>(port, handlers, (message) => view?.showProblem(message));
  view = mount(document.getElementById("app")!, { host, memory });
  Object.assign(handlers, view.news);
  shownBy(view.showProblem)(view.refresh());
}

/** For work that nobody waits for: what fails is shown, but for a late answer to a question that was asked again. */
export function shownBy(show: (problem: string) => void): (promise: Promise<unknown>) => void {
  return (promise) => {
    promise.catch((error: unknown) => {
      if (!(error instanceof Superseded)) show(error instanceof Error ? error.message : String(error));
    });
  };
}
