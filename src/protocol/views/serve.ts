/**
 * The host's half of a view's port, free of any editor: give it the answers and a way to post, feed it what the view
 * sends. It never throws at its caller: a failing answer travels back as one sentence.
 */
import { PORT_VERSION } from "./port.ts";
import type { Answers, ToHost, ToView, ViewName } from "./port.ts";

export interface ServedPort<News> {
  /** Hand over a message that came from the view. */
  receive(message: unknown): void;
  /** Tell the view; dropped until it has said `ready`, because it then pulls the whole state anyway. */
  tell(news: News): void;
}

export interface ServeOptions<Host> {
  view: ViewName;
  answers: Answers<Host>;
  post(message: ToView): void;
  /** Where problems of either side are logged. */
  problem(message: string): void;
  ready?(): void;
}

export function servePort<Host, News extends { type: string }>(options: ServeOptions<Host>): ServedPort<News> {
  const { view, answers, post, problem } = options;
  let isReady = false;

  async function answer(id: number, method: string, argument: unknown): Promise<void> {
    const known = Object.hasOwn(answers as object, method);
    const handler = known ? (answers as Record<string, (argument: unknown) => unknown>)[method] : undefined;
    if (!handler) {
      post({ type: "answer", id, ok: false, error: `[${view}] no such question: ${method}` });
      return;
    }
    try {
      post({ type: "answer", id, ok: true, value: await handler(argument) });
    } catch (error) {
      post({ type: "answer", id, ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  }

  return {
    receive(raw) {
      const message = raw as ToHost;
      switch (message?.type) {
        case "ready":
          if (message.version !== PORT_VERSION) {
            problem(
              `[${view}] the view speaks version ${message.version}, the host ${PORT_VERSION}. Hint: reload the window`,
            );
          }
          isReady = true;
          post({ type: "welcome", version: PORT_VERSION });
          options.ready?.();
          return;
        case "ask":
          void answer(message.id, message.method, message.argument);
          return;
        case "problem":
          problem(`[${view}] ${message.message}`);
          return;
        default:
          problem(`[${view}] unknown message from the view: ${JSON.stringify(raw)?.slice(0, 200)}`);
      }
    },
    tell(news) {
      if (isReady) post({ type: "news", news });
    },
  };
}
